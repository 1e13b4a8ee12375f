"""Columns of times: what is no time in a good column is left out, never wrapped."""

from __future__ import annotations

import numpy as np
import polars as pl

from forensics.readers.metrics._time import parse_epochs, parse_time_column
from forensics.readers.metrics._units import parse_unit, to_base


def test_a_number_past_every_calendar_is_no_time_and_spoils_no_other() -> None:
    times = parse_time_column(pl.Series([1.7e9, 1e308, 1.7e9 + 10, None, -1e300]))
    assert times is not None
    assert times.is_valid.tolist() == [True, False, True, False, False]
    assert times.time_us[times.is_valid].tolist() == [1_700_000_000_000_000, 1_700_000_010_000_000]


def test_epochs_that_no_calendar_holds_are_left_out_of_whole_numbers_too() -> None:
    times = parse_epochs(np.array([1_700_000_000, 2**62, 1_700_000_010]))
    assert times is not None
    assert times.is_valid.tolist() == [True, False, True]
    assert times.time_us[times.is_valid].tolist() == [1_700_000_000_000_000, 1_700_000_010_000_000]


def test_a_value_that_its_unit_makes_too_large_is_infinite() -> None:
    assert to_base(np.array([1e308, 2.0]), parse_unit("KiB")).tolist() == [np.inf, 2048.0]
