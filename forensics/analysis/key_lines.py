"""The ten log lines that matter: severe, rare, new with a change; each with its place."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from forensics.findings import AnyEntry, EvidenceRef, Finding
from forensics.redaction import redact
from forensics.tables import TIME

if TYPE_CHECKING:
    from forensics.analysis import log_patterns as patterns_module

TITLE: Final = "Lines that matter"
NEEDS: Final = ("log_patterns",)

_MOST: Final = 10
_SHOWN_CHARS: Final = 240
#: Points for the level of a line's pattern; what has none is judged by the rest.
_SEVERITY: Final = {"FATAL": 4.0, "ERROR": 3.0, "WARN": 2.0}
#: Points for what happened to the pattern with a change.
_SHIFT: Final = {"first seen": 3.0, "surged": 1.5, "vanished": 0.5}
#: A mild line that began with a change counts less: every start of a process brings some.
_MILD: Final = 0.2
#: Words by which platforms and databases tell that a resource ran out.
_EXHAUSTED: Final = (
    r"(?i)out ?of ?memory|\boom\b|heap space|gc overhead|leak|exhausted|too many (?:connections|"
    r"clients|open files)|deadlock|no space left|cannot allocate|allocation stall|unable to create"
)
_EXHAUSTED_POINTS: Final = 2.0
#: Points for rarity are half the orders of magnitude below the commonest pattern, at most this.
_MOST_RARITY: Final = 2.0

LINES: Final = pl.Schema(
    {
        "time": TIME,
        "text": pl.String(),
        "why": pl.String(),
        "score": pl.Float64(),
        "level": pl.String(),
        "count": pl.Int64(),
        "file": pl.String(),
        "line": pl.Int64(),
    }
)


@dataclass(frozen=True, slots=True)
class Result:
    """At most ten lines in order of time, schema ``LINES``: the first of each pattern chosen."""

    lines: pl.DataFrame = field(default_factory=partial(pl.DataFrame, schema=LINES))


def run(*, log_patterns: patterns_module.Result) -> Result:
    """Rate every pattern and take the first line of the ten that stand out most.

    A pattern earns points for its level, for words of exhaustion, for having begun or
    surged with a change, and for being rare. One that is neither severe, nor new, nor
    tells of exhaustion isn't shown: rare alone is not a reason. Mild lines that are merely
    new are shown where nothing else is: every start of a process brings some.
    """
    patterns = log_patterns.patterns
    if patterns.is_empty():
        return Result()
    shifts = log_patterns.shifts.select("template_id", "kind", "change").unique(
        "template_id", keep="first", maintain_order=True
    )
    # Rows without a time are no events: dumps and histograms that logs were kept beside.
    dated = patterns.filter(pl.col("first_at").is_not_null())
    if dated.is_empty():
        return Result()
    table = dated.join(shifts, on="template_id", how="left", maintain_order="left")
    most = int(table["count"].sum())
    rated = [row for row in map(partial(_rate, total=most), table.to_dicts()) if row]
    rated.sort(key=lambda row: (-row["score"], str(row["time"]), row["text"]))
    telling = [row for row in rated if row["level"] in _SEVERITY or row["tells_exhaustion"]]
    rows = [{name: row[name] for name in LINES} for row in (telling or rated)[:_MOST]]
    frame = pl.DataFrame(rows, schema=LINES)
    return Result(frame.sort("time", "file", "line", nulls_last=True))


def _rate(row: dict[str, Any], *, total: int) -> dict[str, Any] | None:
    """Return the line that stands for a pattern with its points, ``None`` if it has none."""
    text = str(row["example"] or row["template"])
    reasons = []
    score = _SEVERITY.get(row["level"], 0.0)
    if score:
        reasons.append(str(row["level"]))
    exhausted = pl.Series([text]).str.contains(_EXHAUSTED).item()
    if exhausted:
        score += _EXHAUSTED_POINTS
        reasons.append("tells of exhaustion")
    if row["kind"] in _SHIFT:
        score += _SHIFT[row["kind"]] * (1.0 if score else _MILD)
        reasons.append(f"{row['kind']} with {row['change']}")
    if not score:
        return None
    count = int(row["count"])
    score += min(_MOST_RARITY, math.log10(total / max(count, 1)) / 2)
    reasons.append("once" if count == 1 else f"{count:,} times")
    shown = " ".join(redact(text).split())[:_SHOWN_CHARS]
    return {
        "time": row["first_at"],
        "text": shown,
        "why": ", ".join(reasons),
        "score": score,
        "level": row["level"],
        "count": count,
        "file": row["file"],
        "line": row["line"],
        "tells_exhaustion": exhausted,
    }


def findings(result: Result) -> list[AnyEntry]:
    """Return one statement a line, in order of time."""
    return [
        Finding(
            topic="log lines",
            text=f"{_moment(row)}{row['text']} ({row['why']})",
            confidence="medium",
            evidence=[EvidenceRef(path=str(row["file"]), line=row["line"])],
        )
        for row in result.lines.iter_rows(named=True)
        if row["file"]
    ]


def _moment(row: dict[str, Any]) -> str:
    return f"{row['time']:%H:%M:%S} UTC: " if row["time"] else ""
