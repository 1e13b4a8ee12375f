"""Fold what repeats: a page that shows each restart of each pod hides the incident in a list.

Nothing is lost: the page keeps every entry in a part that opens, ``findings.json`` has all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from forensics.findings import Finding, Growth, TimelineRow

#: A kind of event with more rows than this is folded.
_MANY_ROWS: Final = 6
_NEAR: Final = timedelta(minutes=1)
_LONGEST: Final = timedelta(minutes=5)
#: A word that names one of many: it has a digit or joins parts by hyphens, slashes or dots.
_NAME: Final = re.compile(r"\S*[\w]+[-/:][\w./:-]*\d\S*|\S*\d\S*[-/:]\S*")
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9“])|(?<=;)\s+(?=[A-Z“])")


@dataclass(frozen=True, slots=True)
class Happening:
    """One row of the shown time line: one row of the findings, or several of the same kind."""

    kind: str
    time: datetime
    end_time: datetime | None
    rows: tuple[TimelineRow, ...]


def fold_timeline(rows: Iterable[TimelineRow]) -> tuple[Happening, ...]:
    """Return the rows in order of time, those of a frequent kind joined where they are near."""
    ordered = sorted(rows, key=lambda row: row.time)
    counts = Counter(row.kind for row in ordered)
    groups: list[list[TimelineRow]] = []
    open_group: dict[str, list[TimelineRow]] = {}
    for row in ordered:
        group = open_group.get(row.kind)
        if (
            group is not None
            and counts[row.kind] > _MANY_ROWS
            and row.time - group[-1].time <= _NEAR
            and row.time - group[0].time <= _LONGEST
        ):
            group.append(row)
            continue
        open_group[row.kind] = [row]
        groups.append(open_group[row.kind])
    return tuple(_happening(group) for group in groups)


def _happening(group: Sequence[TimelineRow]) -> Happening:
    first = group[0]
    last = max((row.end_time or row.time for row in group), default=None)
    end = first.end_time if len(group) == 1 else last
    return Happening(first.kind, first.time, end, tuple(group))


@dataclass(frozen=True, slots=True)
class Lives:
    """Process lives of one version and metric that got the same answer.

    Rates are the lowest, the median and the highest, in bytes a minute; ``None`` where none
    was fitted.
    """

    version: str
    metric: str
    leak: str
    kind: str
    models: tuple[str, ...]
    growths: tuple[Growth, ...]
    rates: tuple[float, float, float] | None
    first_onset: datetime | None
    time_to_limit_min: float | None


def fold_growth(growths: Sequence[Growth]) -> tuple[Lives, ...]:
    """Return process lives by version, metric and answer; those that leak come first."""
    grouped: dict[tuple[str, str, str, str], list[Growth]] = {}
    for growth in growths:
        key = (growth.version or "", growth.metric, growth.leak, growth.kind)
        grouped.setdefault(key, []).append(growth)
    folded = [_lives(key, group) for key, group in grouped.items()]
    order = {"yes": 0, "unknown": 1, "no": 2}
    return tuple(sorted(folded, key=lambda one: (order[one.leak], one.metric, one.version)))


def _lives(key: tuple[str, str, str, str], group: Sequence[Growth]) -> Lives:
    rates = sorted(g.rate_bytes_per_min for g in group if g.rate_bytes_per_min is not None)
    left = [g.time_to_limit_min for g in group if g.time_to_limit_min is not None]
    onsets = [g.onset for g in group if g.onset is not None]
    models = Counter(g.model for g in group)
    return Lives(
        *key,
        models=tuple(name for name, _ in sorted(models.items(), key=lambda m: (-m[1], m[0]))),
        growths=tuple(group),
        rates=(rates[0], median(rates), rates[-1]) if rates else None,
        first_onset=min(onsets, default=None),
        time_to_limit_min=median(left) if left else None,
    )


@dataclass(frozen=True, slots=True)
class Statements:
    """Findings that say the same of different things, and the names of those things."""

    findings: tuple[Finding, ...]
    names: tuple[str, ...]


def fold_findings(findings: Iterable[Finding]) -> tuple[Statements, ...]:
    """Return findings in their order, those whose texts differ in names only joined."""
    grouped: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        key = (finding.topic, finding.confidence, _NAME.sub("…", finding.text))
        grouped.setdefault(key, []).append(finding)
    return tuple(
        Statements(tuple(group), tuple(_name_of(f) for f in group)) for group in grouped.values()
    )


def _name_of(finding: Finding) -> str:
    return ", ".join(dict.fromkeys(_NAME.findall(finding.text))) or finding.text


def first_sentence(text: str) -> str:
    """Return the first sentence of ``text``, or its first clause where it is a long one."""
    return _sentences(text)[0]


def other_sentences(text: str) -> str:
    """Return what :func:`first_sentence` leaves."""
    return " ".join(_sentences(text)[1:])


def _sentences(text: str) -> list[str]:
    parts = _SENTENCE.split(" ".join(text.split()))
    return parts or [""]


def as_sentence(text: str) -> str:
    """Return ``text`` with a capital at its start and a full stop at its end.

    A name of a pod, file or setting is another one with a capital, and stays as it is.

    Examples
    --------
    >>> as_sentence("nothing waits"), as_sentence("cart-7f8b waits"), as_sentence("app.log: cut")
    ('Nothing waits.', 'cart-7f8b waits.', 'app.log: cut.')
    """
    text = " ".join(text.split())
    if not text:
        return text
    head = text[0].upper() if text.split()[0].rstrip(",:;.!?").isalpha() else text[0]
    return f"{head}{text[1:]}{'' if text[-1] in '.!?' else '.'}"
