"""The incident's declaration: prose in Markdown or plain text, written in haste.

Its text goes line by line to the analysis of claims. A line that has both a time and a word of
change is also a row of ``changes``; its source ends in ``#declaration`` so that nobody mistakes
a claim for a record.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import polars as pl

from forensics.errors import EvidenceTooLargeError
from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.changes._calendar import kind_of
from forensics.readers.changes._document import Row, parse_moment
from forensics.tables import CHANGES

TITLE: Final = "Incident declaration (Markdown or plain text)"
KIND: Final[Kind] = "changes"

#: Prose longer than this is no declaration.
_MAX_BYTES: Final = 4 << 20
#: Shares of lines that tell prose from a log.
_TIMED_SHARE: Final = 0.5
_PROSE_SHARE: Final = 0.4

_MARKDOWN: Final = re.compile(
    r"(?m)^(?:#{1,6} \S|\*\*[^*\n]+\*\*|(?:[-*]|\d+\.) +\S|---+$|\|.+\|$)"
)
_CLOCK: Final = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\s?(Z|UTC|GMT)?(?![\d:])")
_LEADING_TIME: Final = re.compile(
    r"^\W{0,3}(?:\w{1,6} )?"
    r"\d{2,4}[-/.]\d\d[-/.]\d\d[T ]\d\d:|^\W?\d\d:\d\d:\d\d|"
    r"^(?:<\d+>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d"
)
_CHANGE: Final = re.compile(
    r"\b(?:deploy(?:ed|ment)?|release[d]?|roll(?:ed)? ?out|upgrade[d]?|maintenance|migrat\w+|"
    r"rebuil\w+|"
    r"failover|flag (?:enabled|on|turned)|enabled|launched|traffic (?:spike|increase\w*)|spike|"
    r"config(?:uration)? change\w*|scaled?|"
    r"patched|restarted|switched|rotated|updated)\b",
    re.IGNORECASE,
)
_NOT_A_CHANGE: Final = re.compile(
    r"\b(?:consider\w*|attempted|declared|investigat\w*|alert\w*)\b", re.IGNORECASE
)
_VERSION: Final = re.compile(r"\bv?\d+\.\d+(?:\.\d+)+(?:[-+][\w.]+)?\b|\bv\d+(?:\.\d+)*\b")
_FIELD: Final = re.compile(r"^[\W_]*([A-Za-z][A-Za-z ]{2,30}?)[*_]*\s*[:=][\s*_]*+(.+)$")
_LONGEST_FIELD: Final = 1000
_META: Final = {
    "started": "started_at",
    "start": "started_at",
    "start time": "started_at",
    "began": "started_at",
    "detected": "detected_at",
    "detected at": "detected_at",
    "detection": "detected_at",
    "severity": "severity",
    "priority": "priority",
    "status": "status",
    "impact": "impact",
    "affected users": "affected_users",
    "namespace": "namespace",
    "service": "service",
}


def sniff(head: Head) -> Match:
    """Claim prose: Markdown, or lines of words that neither begin with times nor are a table."""
    text = head.text
    if head.is_binary or text.lstrip()[:1] in ("{", "[", "<") or "\ufffd" in text[:1000]:
        return Match.NO
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or sum(bool(_LEADING_TIME.search(line)) for line in lines) > _TIMED_SHARE * len(
        lines
    ):
        return Match.NO
    if head.name.lower().endswith((".yaml", ".yml", ".toml", ".ini", ".conf", ".properties")):
        return Match.NO  # settings with comments read like prose
    if head.name.lower().endswith((".md", ".markdown")):
        return Match.SHAPE
    if re.search(r"(?m)^#{1,6} \S", text) and len(_MARKDOWN.findall(text)) > len(lines) // 4:
        return (
            Match.NO if re.search(r"(?m)^# (?:HELP|TYPE|Time|User@Host)\b", text) else Match.SHAPE
        )
    return Match.SHAPE if _is_prose(lines) else Match.NO


def _is_prose(lines: list[str]) -> bool:
    """Tell sentences from tables, code and logs: words, few digits, no fixed start."""
    words = [re.findall(r"[A-Za-z][a-z'-]+", line) for line in lines]
    wordy = sum(
        len(found) >= 3 and sum(map(len, found)) > len(line) / 2
        for found, line in zip(words, lines, strict=True)
    )  # three words make a phrase
    starts = {line[:6] for line in lines}
    varied = len(starts) > len(lines) * 0.6 or len(lines) < 4  # too few to tell
    codelike = sum(bool(re.search(r"[{};]\s*$|^\s*at \w|^\S+=|^\S+: *$", line)) for line in lines)
    return wordy >= _PROSE_SHARE * len(lines) and varied and codelike < 0.2 * len(lines)


def read(source: Source) -> Reading:
    """Read the text by lines, the incident's own facts, and the changes it claims.

    Raises
    ------
    EvidenceTooLargeError
        If the text has more than 4 MiB.
    """
    data = source.read_document()
    if len(data) > _MAX_BYTES:
        raise EvidenceTooLargeError(
            source.name, "is too long for a declaration", way_out="name its reader with --reader"
        )
    lines = data.decode("utf-8-sig", errors="replace").splitlines()
    details = _details(lines)
    day = parse_moment(details.get("started_at")) or _first_moment(lines)
    table = pl.DataFrame(
        {"line": range(1, len(lines) + 1), "text": lines},
        schema={"line": pl.Int64(), "text": pl.String()},
    )
    rows = [row for number, line in enumerate(lines) if (row := _change(lines, number, day, line))]
    complete = [
        {**dict.fromkeys(CHANGES), **row, "source": f"{source.name}#declaration"} for row in rows
    ]
    return Reading(
        reader="declaration",
        kind="changes",
        tables={"declaration": table, "changes": pl.DataFrame(complete, schema=CHANGES)},
        counts={"lines_of_text": len(lines), "changes": len(rows)},
        notes=(f"{source.name}: a declaration; what it says are claims, not records",),
        details=details,
    )


def _details(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in (line[:_LONGEST_FIELD].rstrip(" \t\r*_") for line in lines):
        if "title" not in found and line.startswith("#"):
            found["title"] = line.strip("# *\t")
        match = _FIELD.match(line)
        name = _META.get(match[1].strip().lower()) if match else None
        if match is None or name is None or name in found:
            continue
        moment = parse_moment(match[2]) if name.endswith("_at") else None
        if moment is not None:
            found[name] = moment.isoformat().replace("+00:00", "Z")
        elif not name.endswith("_at"):
            found[name] = match[2]
    return found


def _first_moment(lines: list[str]) -> datetime | None:
    return next((moment for line in lines if (moment := parse_moment(line))), None)


def _change(lines: list[str], number: int, day: datetime | None, line: str) -> Row | None:
    """Return the change that a line claims, with the points listed below it."""
    if not _CHANGE.search(line) or _NOT_A_CHANGE.search(line):
        return None
    moment = parse_moment(line) or _on_day(line, day)
    if moment is None:
        return None
    indent = len(line) - len(line.lstrip())
    points = []
    for later in lines[number + 1 : number + 9]:
        if not later.strip() or len(later) - len(later.lstrip()) <= indent:
            break
        points.append(later.strip(" -*\t"))
    what = re.sub(r"^\W*(?:\d+\.\s*)?|[*_`]+", "", line).strip()
    versions = _VERSION.findall(line)
    return {
        "time": moment,
        "kind": kind_of(what.split("(")[0], "; ".join(points)),
        "what": what,
        "scope": [],
        "from_version": versions[0] if len(versions) > 1 else None,
        "to_version": versions[-1] if versions else None,
        "details": f"line {number + 1}" + ("; " + "; ".join(points) if points else ""),
    }


def _on_day(line: str, day: datetime | None) -> datetime | None:
    match = _CLOCK.search(line)
    if match is None or day is None:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    return day.replace(hour=hour, minute=minute, second=second, microsecond=0)
