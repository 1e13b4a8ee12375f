"""Values of several words."""

from __future__ import annotations

import random

import polars as pl

from forensics.patterns import mine
from forensics.patterns._phrases import find_phrases
from forensics.patterns.masks import mask_shape

REASONS = [
    "the peer hung up",
    "no such table",
    "out of paper",
    "a lock is held by another",
    "timed out",
    "disk full",
    "name is not known here",
]


def templates(messages: list[str]) -> set[str]:
    return set(mine(pl.Series(messages)).templates["template"])


def test_reasons_of_any_length_between_two_ends_are_one_value() -> None:
    messages = [f"Could not move the order after {why} from queue to archive" for why in REASONS]
    assert templates(messages) == {"Could not move the order after <*> from queue to archive"}


def test_reasons_in_brackets_are_one_value() -> None:
    messages = [f"Job of the night shift failed ({why}), trying again" for why in REASONS]
    # a remark that holds only a value is dropped, as ever
    assert templates(messages) == {"Job of the night shift failed, trying again"}


def test_one_reason_beside_a_known_value_is_a_value() -> None:
    messages = [f"Printing page {i} of the report" for i in range(9)]
    messages.append("Printing page behind the last of the report")
    assert templates(messages) == {"Printing page <*> of the report"}


def test_a_value_with_words_of_its_own_behind_it_is_another_statement() -> None:
    messages = [f"Backup {i} does not exist" for i in range(9)]
    messages += [f"Backup {i} for server {i} does not exist" for i in range(9)]
    messages += [f"Backup invalid number {i} does not exist" for i in range(9)]
    assert len(templates(messages)) == 3


def test_few_sentences_with_one_frame_stay_apart() -> None:
    messages = [f"The {what} is not ready" for what in ("door", "left door", "key of the safe")]
    assert templates(messages) == set(messages)


def test_statements_that_begin_alike_stay_apart() -> None:
    ends = ["opened by hand", "closed", "painted green", "locked from inside", "lost for good"]
    messages = [f"Door was {end}" for end in ends]
    assert templates(messages) == set(messages)


def test_the_order_of_messages_does_not_matter() -> None:
    masked = [mask_shape(f"Could not move it to the shelf: {why} again") for why in REASONS]
    shuffled = random.Random(3).sample(masked, len(masked))
    assert find_phrases(masked)
    assert find_phrases(masked) == find_phrases(shuffled)


def test_apostrophes_inside_words_part_nothing() -> None:
    messages = ["couldn't load the page", "couldn't find a way home", "it isn't there"]
    assert templates(messages) == set(messages)


def test_a_class_with_its_package_is_a_value_but_as_a_speaker() -> None:
    messages = ["Loading org.acme.pay.Till now", "org.acme.pay.TillError: no paper"]
    messages.append("received org.acme.action.POWER_ON now")  # a constant is no class
    assert templates(messages) == {"Loading <*> now", *messages[1:]}
