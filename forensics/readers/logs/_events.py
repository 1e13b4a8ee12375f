"""Fold the lines after a header into its event, and lay events out as the ``logs`` table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.kernels.log_time import NO_TIME
from forensics.readers.logs._block import TextBlock
from forensics.readers.logs._times import to_times
from forensics.tables import fit_table

#: Column of the line a row starts at while the ``logs`` table is being made.
_LINE: Final = "line"

# What a line inside a stack trace or a continued message looks like: indentation, a Java cause
# or suppressed exception, elided frames, an exception's own header, a Python, Go or PHP trace, what
# ends a WebLogic message.
_CONTINUES: Final = (
    r"^(?:[\t ]|Caused by: |Suppressed: |\.\.\. \d+ |at [\w.$]+\(|"
    r"(?:[a-z_][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error|Throwable|Timeout|Failure|Fault)\b|"
    r"[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt): |"
    r"(?:SEVERE|WARNING|INFO|CONFIG|FINE|FINER|FINEST): \S|"  # java.util.logging
    r"(?:DETAIL|HINT|CONTEXT|STATEMENT|LINE \d+): |"  # of PostgreSQL, in its drivers' errors
    r"#\d+ (?:/|\{main\}|\[internal)|\[(?:stacktrace|previous exception)\]|\"\}|> ?$|"
    r"(?:During handling of the|The) above exception\b|"
    r"Exception in thread |Traceback \(most recent|goroutine \d+ \[|panic: |\[CIRCULAR REFERENCE)"
)
_IS_TRACE: Final = (
    r"(?m)^(?:\s+at [\w.$/@<>]+[\w$<>]*\(|\s*(?:Caused by|Suppressed): |Traceback \(most recent|"
    r"\s+at [^\n]*:\d+:\d+\)?\s*$|"  # JavaScript
    r"\[stacktrace\]|#0 (?:/|\{main\}|\[internal)|"
    r"goroutine \d+ \[|\s+\.\.\. \d+ (?:more|common frames)|\s+File \"|"
    r"(?:[a-z_][\w$]*\.)+[A-Z][\w$]*(?:Exception|Error|Throwable)\b)"
)
# What ends a Python trace: the exception at the line's start, under any name.
_ENDS_TRACE: Final = r"^[A-Za-z_]\w*(?:\.\w+)*(?:: |\r?$)"
_SECOND_LINE: Final = (
    r"(?s)^(?P<logger>[\w.$]+)(?: [\w$<>]+)?\r?\n"
    r"(?P<level>SEVERE|WARNING|INFO|CONFIG|FINE|FINER|FINEST): (?P<text>.*)$"
)
#: A stack trace shows what it is within its first lines.
_SIGNATURE_CHARS: Final = 2000
# A line that ends like this announces more lines of its own.
_OPENINGS: Final = np.frombuffer(b":=({[,\\", np.uint8)

LEVELS: Final = {
    "TRACE": ("trace", "finest", "finer", "verbose", "silly", "verb", "trc", "vrb", "10", "all"),
    "DEBUG": ("debug", "fine", "config", "dbg", "debug1", "debug2", "debug3", "debug4", "debug5",
              "20", "7", "d"),
    "INFO": ("info", "information", "informational", "notice", "log", "statement", "detail",
             "hint", "context", "inf", "30", "6", "5", "success", "i"),
    "WARN": ("warn", "warning", "wrn", "40", "4", "w"),
    "ERROR": ("error", "err", "severe", "50", "3", "eror", "e"),
    "FATAL": ("fatal", "critical", "crit", "panic", "dpanic", "emerg", "emergency", "alert",
              "ftl", "off", "60", "2", "1", "0", "f"),
}  # fmt: skip
_LEVEL_OF: Final = {word: level for level, words in LEVELS.items() for word in words}


@dataclass(frozen=True, slots=True)
class Heads:
    """The lines of a block that begin an event, and what they hold.

    Parameters
    ----------
    index : array of int64, shape (events,)
        Which lines of the block, ascending.
    micros : array of int64, shape (events,)
        Microseconds since 1970 or ``NO_TIME``.
    fields
        String columns of the ``logs`` table, each of that length; ``message`` always.
    absorbs
        The lines behind a head are part of its record and have been read with it.
    """

    index: NDArray[np.int64]
    micros: NDArray[np.int64]
    fields: dict[str, pl.Series] = field(default_factory=dict)
    absorbs: bool = False


@dataclass(frozen=True, slots=True)
class Folded:
    """Rows of the ``logs`` table for one block, and what became of its lines."""

    rows: pl.DataFrame
    events: int
    continuations: int
    raw: int


def level_names(words: pl.Series) -> pl.Series:
    """Return TRACE, DEBUG, INFO, WARN, ERROR or FATAL for a producer's own level words."""
    unique = words.unique().drop_nulls()
    known = [_LEVEL_OF.get(word.strip().lower(), word.strip().upper()) for word in unique]
    return words.replace_strict(unique, known, default=None, return_dtype=pl.String)


def fold(block: TextBlock, heads: Heads, source: str, *, joins: bool = True) -> Folded:
    """Make rows of the ``logs`` table: one an event, one a line that belongs to none.

    Lines after a head belong to it up to the last one that looks like a continued message or
    a stack trace; if the head's message ends in an opening (``:`` or a bracket), all of them.
    Others stay rows of their own, without time and level.

    Parameters
    ----------
    block
        All lines.
    heads
        Those that begin an event.
    source
        Name of the file.
    joins
        False for formats of one line an event: nothing is folded.
    """
    is_head = np.zeros(len(block), np.bool_)
    is_head[heads.index] = True
    rest = np.flatnonzero(~is_head)
    owner = np.searchsorted(heads.index, rest, side="right") - 1
    belongs = np.zeros(len(rest), np.bool_)
    columns = dict(heads.fields)
    if heads.absorbs:
        belongs = owner >= 0
    elif joins and len(rest) and len(heads.index):
        belongs = _belongs(block, rest, owner, heads.index)
        _attach(block, rest[belongs], owner[belongs], columns)
        belongs |= (owner >= 0) & (block.ends[rest] == block.starts[rest])  # blank lines
    rows = _rows(block, heads, columns)
    raw = rest[~belongs]
    if len(raw):
        loose = block.take(raw)
        lines = pl.DataFrame({_LINE: loose.numbers, "message": loose.text()})
        rows = pl.concat([rows, lines], how="diagonal").sort(_LINE)
    reference = pl.struct(pl.lit(source).alias("file"), pl.col(_LINE))
    frame = fit_table("logs", rows.with_columns(raw_ref=reference, source=pl.lit(source)))
    return Folded(frame, len(heads.index), int(belongs.sum()), len(raw))


def _belongs(
    block: TextBlock, rest: NDArray[np.int64], owner: NDArray[np.int64], heads: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Tell which lines between the heads belong to the head before them."""
    first_bytes = block.data[np.minimum(block.starts[rest], len(block.data) - 1)]
    shaped = ((first_bytes == 32) | (first_bytes == 9)) & (block.ends[rest] > block.starts[rest])
    others = np.flatnonzero(~shaped)  # most lines of a trace are indented: only others are matched
    texts = block.take(rest[others]).text()
    below = (others > 0) & shaped[others - 1] & (rest[others] == rest[others - 1] + 1)
    shaped[others] = (texts.str.contains(_CONTINUES) | _names(texts, below)).to_numpy()
    place = np.arange(len(rest))
    last_shaped = np.full(len(heads) + 1, -1)
    np.maximum.at(last_shaped, owner[shaped], place[shaped])
    last_bytes = block.data[np.maximum(block.ends[heads] - 1, 0)]
    is_open = np.isin(last_bytes, _OPENINGS)
    owned = owner >= 0
    belongs = owned & (place <= last_shaped[owner])
    belongs[owned] |= is_open[owner[owned]]
    return np.asarray(belongs)


def _names(texts: pl.Series, below: NDArray[np.bool_]) -> pl.Series:
    """Tell which lines, directly below an indented one, may be the exception that ends a trace."""
    return texts.str.contains(_ENDS_TRACE) & pl.Series(below)


def _attach(
    block: TextBlock,
    lines: NDArray[np.int64],
    owner: NDArray[np.int64],
    columns: dict[str, pl.Series],
) -> None:
    """Put each run of lines into the exception or behind the message of its event."""
    if not len(lines):
        return
    starts_run = np.append(True, owner[1:] != owner[:-1])
    first = np.flatnonzero(starts_run)
    last = np.append(first[1:], len(lines)) - 1
    owners, starts, ends = owner[first], block.starts[lines[first]], block.ends[lines[last]]
    runs = block.slices(starts, ends)
    is_trace = runs.str.head(_SIGNATURE_CHARS).str.contains(_IS_TRACE).to_numpy()
    if is_trace.any():
        traces = _spread_runs(block, owners[is_trace], starts[is_trace], ends[is_trace], columns)
        old = columns.get("exception")
        columns["exception"] = traces if old is None else traces.fill_null(old)
    texts = np.flatnonzero(~is_trace)
    if len(texts):
        more = pl.DataFrame(
            {"message": columns["message"].gather(owners[texts]), "run": runs.gather(texts)}
        ).select(pl.concat_str(["message", "run"], separator="\n", ignore_nulls=True))
        columns["message"] = columns["message"].scatter(owners[texts], more["message"])
        _split_second_lines(columns)


def _split_second_lines(columns: dict[str, pl.Series]) -> None:
    """Read ``org.acme.Main run`` and, a line below, ``INFO: text`` (java.util.logging)."""
    parts = columns["message"].str.extract_groups(_SECOND_LINE).struct.unnest()
    is_split = parts["level"].is_not_null()
    if is_split.any():
        columns["message"] = parts["text"].zip_with(is_split, columns["message"])
        old = columns.get("level")
        columns["level"] = parts["level"] if old is None else parts["level"].fill_null(old)
        columns.setdefault("logger", parts["logger"])  # else the header had it


def _spread_runs(
    block: TextBlock,
    owners: NDArray[np.int64],
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    columns: dict[str, pl.Series],
) -> pl.Series:
    """Return one string an event: the run it owns, or null."""
    count = len(columns["message"])
    where = np.zeros((2, count), np.int64)
    where[0, owners], where[1, owners] = starts, ends
    is_valid = np.zeros(count, np.bool_)
    is_valid[owners] = True
    return block.slices(where[0], where[1], is_valid)


def _rows(block: TextBlock, heads: Heads, columns: dict[str, pl.Series]) -> pl.DataFrame:
    frame = pl.DataFrame(columns).with_columns(
        pl.Series(_LINE, block.numbers[heads.index]), to_times(heads.micros).alias("time")
    )
    if "level" in frame.columns:
        frame = frame.with_columns(level_names(frame["level"]))
    return frame


def leave_out_traces(lines: Sequence[str]) -> list[str]:
    """Return the lines that aren't blank and don't look like a trace's or continued message's."""
    return [
        line
        for line, before in zip(lines, ["", *lines], strict=False)
        if line.strip()
        and not re.match(_CONTINUES, line)
        and not (before.startswith((" ", "\t")) and re.match(_ENDS_TRACE, line))
    ]


def no_times(count: int) -> NDArray[np.int64]:
    """Return times of ``count`` events that have none."""
    return np.full(count, NO_TIME, np.int64)
