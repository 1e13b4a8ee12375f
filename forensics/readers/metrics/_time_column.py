"""Find the column of a table that says when: by name, by the look of its cells, by order."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from forensics.readers.metrics._time import Times, parse_time_column
from forensics.readers.metrics._units import name_tokens, unit_of_name

#: Names of time columns, words joined by ``_``, from the surest to the vaguest.
TIME_NAMES: Final = (
    "timestamp",
    "time",
    "ts",
    "datetime",
    "date_time",
    "date",
    "time_utc",
    "timestamp_utc",
    "utc",
    "time_stamp",
    "timestamp_ms",
    "time_ms",
    "ts_ms",
    "timestamp_ns",
    "epoch",
    "epoch_ms",
    "epoch_s",
    "unix",
    "unix_time",
    "unixtime",
    "at",
    "when",
    "sampled_at",
    "recorded_at",
    "observed_at",
    "time_iso",
)
#: Columns of seconds (or what the factor says) since an unknown start.
ELAPSED_NAMES: Final[dict[str, float]] = {
    "t": 1.0,
    "t_s": 1.0,
    "s": 1.0,
    "sec": 1.0,
    "secs": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "elapsed": 1.0,
    "elapsed_s": 1.0,
    "elapsed_seconds": 1.0,
    "time_s": 1.0,
    "time_sec": 1.0,
    "time_seconds": 1.0,
    "uptime": 1.0,
    "uptime_s": 1.0,
    "uptime_seconds": 1.0,
    "offset_s": 1.0,
    "elapsed_ms": 1e-3,
    "t_ms": 1e-3,
    "minute": 60.0,
    "minutes": 60.0,
    "t_min": 60.0,
    "time_min": 60.0,
    "elapsed_min": 60.0,
    "elapsed_minutes": 60.0,
    "hour": 3600.0,
    "hours": 3600.0,
}
#: Words by which a longer name (``sample_time``, ``collected_ts``) says that it holds times.
_TIME_WORDS: Final = frozenset({"time", "timestamp", "ts", "datetime", "date", "epoch", "utc"})
#: Four thousand years; a longer "time since the start" is none, and would overflow.
_LONGEST_S: Final = 1.3e11


def find_time_column(frame: pl.DataFrame) -> tuple[str, Times] | None:
    """Return the column of times and what it says: by name first, then by content.

    Numbers under a name that doesn't speak of time are tried last and must rise: a memory of
    one to two gigabytes, counted in bytes, looks like seconds since 1970.
    """
    words = {"_".join(name_tokens(column)): column for column in reversed(frame.columns)}
    named = [words[name] for name in TIME_NAMES if name in words]
    hinted = [c for w, c in words.items() if _TIME_WORDS & {*w.split("_")} and c not in named]
    texts = [c for c in frame.columns if not _holds_numbers(frame[c])]
    for column in dict.fromkeys([*named, *hinted, *texts]):
        if (times := parse_time_column(frame[column])) is not None:
            return column, times
    candidates = [(words[name], factor) for name, factor in ELAPSED_NAMES.items() if name in words]
    for column, factor in [*candidates, *((column, 1.0) for column in named)]:
        if (times := _since_start(frame[column], factor)) is not None:
            return column, times
    for column in frame.columns:
        times = None if unit_of_name(column) else parse_time_column(frame[column])
        if times is not None and (np.diff(times.time_us[times.is_valid]) >= 0).all():
            return column, times
    return None


def _holds_numbers(column: pl.Series) -> bool:
    if column.dtype != pl.String:
        return not column.dtype.is_temporal()
    head = column.drop_nulls().head(50).str.strip_chars()
    return head.cast(pl.Float64, strict=False).null_count() < len(head) / 2


def _since_start(column: pl.Series, factor: float) -> Times | None:
    """Read a column of seconds (times ``factor``) since an unknown start."""
    seconds = column.cast(pl.Float64, strict=False) * factor
    seconds = seconds.set(seconds.abs() >= _LONGEST_S, None)
    if not len(seconds) or seconds.null_count() > len(seconds) / 5:
        return None
    elapsed = (seconds.fill_null(0.0) * 1e6).round().cast(pl.Int64)
    note = f"{column.name} counts from an unknown start, placed at 1970-01-01T00:00:00Z"
    return Times(elapsed.to_numpy(), seconds.is_not_null().to_numpy(), (note,), is_since_start=True)
