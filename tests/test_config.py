"""incident.yaml is data: bounded, safe, and wrong values are named."""

from __future__ import annotations

import pytest

from forensics.config import parse_size, read_config
from forensics.errors import CorruptEvidenceError, EvidenceTooLargeError


def config(tmp_path, text: str):
    path = tmp_path / "incident.yaml"
    path.write_text(text)
    return read_config(path)


def test_an_empty_file_is_a_complete_configuration(tmp_path) -> None:
    assert config(tmp_path, "").title == ""


def test_values_are_typed_and_unknown_keys_are_reported(tmp_path) -> None:
    read = config(
        tmp_path, "id: X\nmemory_limit_bytes: 8GiB\nstarted_at: 2026-02-09T14:23:17Z\nfoo: 1"
    )
    assert read.memory_limit_bytes == 8 * 2**30
    assert read.started_at.utcoffset().total_seconds() == 0
    assert read.unknown_keys == ["foo"]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8GiB", 8 * 2**30),
        ("512Mi", 2**29),
        ("7.8 GB", 7.8e9),
        ("1k", 1000.0),
        ("12", 12.0),
        (5, 5.0),
    ],
)
def test_sizes_are_binary_with_an_i_and_decimal_without(text, size) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "error", "hint"),
    [
        ("a: &x [1]\nb: *x", EvidenceTooLargeError, "alias"),
        ("[" * 100 + "]" * 100, EvidenceTooLargeError, "deeper"),
        ("a: !!python/object/apply:os.system [id]", CorruptEvidenceError, "YAML"),
        ("- 1", CorruptEvidenceError, "mapping"),
        ("slo: {objective: 7}", CorruptEvidenceError, "slo.objective"),
        ("memory_limit_bytes: lots", CorruptEvidenceError, "memory_limit_bytes"),
        ("a: 'torn", CorruptEvidenceError, "line"),
        ("a: \x01", CorruptEvidenceError, "YAML"),
        ("memory_limit_bytes: [8GiB]", CorruptEvidenceError, "is no size"),
    ],
)
def test_a_hostile_or_wrong_file_is_refused_with_the_place(tmp_path, text, error, hint) -> None:
    with pytest.raises(error, match=hint):
        config(tmp_path, text)
