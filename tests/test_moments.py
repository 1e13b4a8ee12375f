"""Moments as people write them, all of one minute."""

from datetime import UTC, datetime

import pytest

from forensics.moments import find_day, find_moments, find_zone, parse_moment

SAME = datetime(2026, 2, 9, 14, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-09T14:23:00Z",
        "2026-02-09 15:23:00,000 +0100",
        "09.02.2026 um 15:23 Uhr MEZ",
        "Feb 9th, 2026 2:23 PM UTC",
        "9 February 2026, 14:23 GMT",
        "02/09/2026 06:23 am PST",
        "2026/02/09 9:23 AM ET",
        "9. Feb 2026 19:53 IST",
    ],
)
def test_one_minute_is_read_in_every_spelling(text):
    assert parse_moment(text) == SAME


@pytest.mark.parametrize("text", ["14:23", "1423Z", "2:23 PM", "14.23 Uhr", "14h23", "15:23 CET"])
def test_a_clock_time_takes_the_day_it_is_given(text):
    assert [m.at for m in find_moments(text, SAME)] == [SAME]
    assert find_moments(text) == []


def test_the_end_of_a_range_is_no_zone():
    assert [m.at.minute for m in find_moments("14:23-14:40", SAME)] == [23, 40]


def test_a_span_is_no_clock_time():
    assert find_moments("after 12:30 min", SAME) == []


def test_a_stated_zone_holds_for_the_text():
    zone = find_zone("All times are in CET.\n")
    assert find_moments("at 15:23", find_day("on 9 Feb 2026"), zone)[0].at == SAME
    assert find_zone("a timeout of 30 s") is UTC


def test_a_year_one_stays_a_year_one():
    assert parse_moment("0001-01-01T00:00:00Z") == datetime(1, 1, 1, tzinfo=UTC)


def test_a_zone_behind_two_times_is_of_both():
    day = datetime(2026, 6, 22, tzinfo=UTC)
    found = find_moments("down between 10:05 and 11:20 CEST", day)
    assert [moment.at.hour for moment in found] == [8, 9]
