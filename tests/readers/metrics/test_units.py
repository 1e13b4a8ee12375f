"""Numbers with units, as people and dashboards write them."""

from __future__ import annotations

from forensics.readers.metrics._units import parse_value


def test_a_number_with_a_unit_is_read():
    assert parse_value("7.5 GiB") is not None


def test_a_long_text_is_no_number_and_is_not_searched_for_one():
    assert parse_value("1" * 200_000 + "x" * 20) is None
