"""Read the chart list of a written report, and make the text that embeds a chart."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

import orjson

from forensics.errors import CorruptEvidenceError, UsageError
from forensics.report._snippet import TARGETS


def read_index(report: Path) -> list[dict[str, Any]]:
    """Return the entries of ``charts.json``.

    Raises
    ------
    CorruptEvidenceError
        If the folder is no report, or its list names a file outside the folder.
    """
    path = report / "charts.json"
    try:
        charts: list[dict[str, Any]] = orjson.loads(path.read_bytes())["charts"]
        names = [PurePosixPath(name) for chart in charts for name in chart["files"].values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptEvidenceError(
            path,
            f"is no chart list ({type(error).__name__})",
            expected="the folder of a finished report",
            way_out="make one with `forensics report EVIDENCE --out DIR`",
        ) from error
    if any(name.is_absolute() or ".." in name.parts for name in names):
        raise CorruptEvidenceError(path, "names a file outside the report")
    return charts


def snippet_of(chart: dict[str, Any], target: str) -> str:
    """Return the text that embeds a chart of ``charts.json`` in ``target``.

    Raises
    ------
    UsageError
        If there is no such target.
    """
    if target not in TARGETS:
        raise UsageError(f"no snippet for {target!r}; there are: {', '.join(TARGETS)}")
    return TARGETS[target](SimpleNamespace(**chart))
