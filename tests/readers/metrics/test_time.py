"""Columns of times: what is no time in a good column is left out, never wrapped."""

from __future__ import annotations

import polars as pl

from forensics.readers.metrics._time import parse_time_column


def test_a_number_past_every_calendar_is_no_time_and_spoils_no_other() -> None:
    times = parse_time_column(pl.Series([1.7e9, 1e308, 1.7e9 + 10, None, -1e300]))
    assert times is not None
    assert times.is_valid.tolist() == [True, False, True, False, False]
    assert times.time_us[times.is_valid].tolist() == [1_700_000_000_000_000, 1_700_000_010_000_000]
