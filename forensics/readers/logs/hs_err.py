"""Fatal error reports of the JVM (``hs_err_pid*.log``).

Each section is an event; ``details`` has the signal or error, version, heap limit and times.

References
----------
Oracle, "Java Platform Troubleshooting Guide", fatal error log.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from forensics.readers._contract import Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.changes._document import parse_moment
from forensics.readers.logs._text import collect_text
from forensics.tables import EVENTS

TITLE: Final = "JVM fatal error report (hs_err)"
KIND: Final[Kind] = "logs"

_HEADING: Final = r"^(?P<message># .*|-{15}.*|[A-Z][\w /()-]{2,60}:.*)$"
_FACTS: Final = {
    "error": (
        r"(?m)^#\s+((?:SIG\w+|EXCEPTION_\w+|There is insufficient memory|"
        r"Out of Memory Error|Internal Error).*)$"
    ),
    "problematic_frame": r"(?m)^# Problematic frame:\n#\s*(.*)$",
    "jre_version": r"(?m)^# JRE version:\s*(.*)$",
    "vm": r"(?m)^# Java VM:\s*(.*)$",
    "command_line": r"(?m)^Command Line:\s*(.*)$",
    "time": r"(?m)^(?:Time|time):\s*(.*?)(?: elapsed time:.*)?$",
    "elapsed": r"(?m)elapsed time:\s*([\d.]+) seconds",
    "host": r"(?m)^Host:\s*(.*)$",
    "allocation": r"(?m)^#\s+(Native memory allocation .*)$",
}


def sniff(head: Head) -> Match:
    """Claim the report's own first lines."""
    text = head.text[:2000]
    says_so = "# A fatal error has been detected by the Java Runtime Environment" in text
    says_so = says_so or "# There is insufficient memory for the Java Runtime Environment" in text
    return Match.MAGIC if says_so and not head.is_binary else Match.NO


def read(source: Source) -> Reading:
    """Read the sections into ``logs``, the crash into ``events``, its facts into ``details``."""
    found, _ = collect_text(source, _HEADING)
    reading = found.reading("hs_err")
    rows = reading.table("logs")
    body = pl.concat_str(["message", "exception"], separator="\n", ignore_nulls=True)
    text = "\n".join(rows.select(body.alias("body"))["body"].fill_null(""))
    details = {
        name: match[1] for name, pattern in _FACTS.items() if (match := re.search(pattern, text))
    }
    event = {
        **dict.fromkeys(EVENTS),
        "time": parse_moment(details.get("time")),
        "kind": "stop",
        "reason": "JVMCrash",
        "entity": source.name,
        "count": 1,
        "message": details.get("error"),
        "source": source.name,
    }
    return Reading(
        reader="hs_err",
        kind="logs",
        tables={"logs": rows, "events": pl.DataFrame([event], schema=EVENTS)},
        damage=reading.damage,
        counts=reading.counts,
        details=details,
    )
