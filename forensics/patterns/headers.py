"""Infer where the header of a log line ends and its message begins.

Lines of one log share the columns of their header: times and numbers, a level, names in
brackets, a tag that ends in a colon. Columns are judged from the left, each by the share
of sample lines that have it; what comes after the last shared one is the message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

#: A column is part of the header if this share of the lines has it there.
_SHARED: Final = 0.95
#: Columns that are looked at.
_MOST_COLUMNS: Final = 12
#: Words between the last column and the colon of a tag: ``host program[1]:``.
_MOST_TAG_WORDS: Final = 3

_FIELD: Final = r"[^\s|]+"
_GAP: Final = r"(?:[\s|]+)"
_CLOCKED: Final = r"[\[(<]*[+-]?[0-9][0-9T:.,/+Z_-]*[\])>:,]*"
_LEVELS: Final = (
    "trace|debug|info|information|notice|warn|warning|error|err|critical|crit|alert|severe|"
    "fatal|failure|emerg|emergency|panic|fine|finer|finest|config|verbose|audit|log"
)
_LEVEL: Final = rf"[\[(<]*(?:(?i:{_LEVELS})|[VDIWEFCT])[\])>:,]*"
_CALENDAR: Final = (
    r"\[?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*,?"
)
_NAME: Final = r"[A-Za-z_][\w$-]*(?:\.[\w$-]+)+"
_BRACKETS: Final = r"\[(?:[^\[\]]|\[[^\]]*\])*\]\S*"
_TAG: Final = rf"(?:(?:{_BRACKETS}|[^\s:\[]\S*?)\s+){{0,{_MOST_TAG_WORDS}}}?"
_TAG_END: Final = r"(?:-|:|\||\S*[^\s:.]:)\s"


def infer_header(lines: Sequence[str]) -> str:
    """Return a regular expression that a line's header matches, ``""`` if there is none.

    Parameters
    ----------
    lines
        A sample of some hundred to some thousand lines, in any order.

    Returns
    -------
    str
        Anchored at the start, in the common subset of the syntaxes of ``re`` and of
        polars. A line that doesn't match (a stack trace, a continued message) has no
        header: all of it is message.
    """
    sample = [line for line in lines if line.strip() and not line[:1].isspace()]
    kinds = (_CLOCKED, _LEVEL, _CALENDAR)
    columns: list[str] = []
    anchored = 0
    for _ in range(_MOST_COLUMNS):
        columns.append(_commonest(sample, columns, kinds))
        if columns[-1] != _FIELD:
            anchored = len(columns)
    columns = columns[:anchored]
    if _CLOCKED not in columns and _CALENDAR not in columns:
        return ""
    # a level that few lines have is a level still
    header = r"^\s*" + "".join(
        (_FIELD if column == _LEVEL else column) + _GAP for column in columns
    )
    for part in (
        rf"{_NAME}\s+",
        rf"{_BRACKETS}\s+",
        r"\S+(?:\t|\s{2,})",
        rf"{_TAG}{_TAG_END}\s*",
    ):
        if _share(sample, header + part) >= _SHARED * _share(sample, header):
            header += f"(?:{part})?"
    return header


def _commonest(sample: Sequence[str], before: Sequence[str], kinds: Sequence[str]) -> str:
    """Return the kind of column that most lines have after ``before``, or any field."""
    start = r"^\s*" + "".join(column + _GAP for column in before)
    for kind in kinds:
        if _share(sample, start + kind + r"(?:[\s|]|$)") >= _SHARED:
            return kind
    return _FIELD


def _share(sample: Sequence[str], pattern: str) -> float:
    matches: Callable[[str], object] = re.compile(pattern).match
    return sum(matches(line) is not None for line in sample) / max(1, len(sample))
