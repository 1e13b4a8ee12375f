"""What is shown first of a longer text says something by itself."""

from __future__ import annotations

import pytest

from forensics.report._condense import first_sentence, other_sentences


@pytest.mark.parametrize(
    ("text", "first", "others"),
    [
        ("It leaks. Roll back now.", "It leaks.", "Roll back now."),
        ("Cause: Release 2 of the cart. It leaks.", "Cause: Release 2 of the cart.", "It leaks."),
        ("It leaks by 2.5 MiB/s", "It leaks by 2.5 MiB/s", ""),
        ("", "", ""),
    ],
)
def test_a_text_is_parted_after_its_first_sentence(text: str, first: str, others: str) -> None:
    assert (first_sentence(text), other_sentences(text)) == (first, others)
