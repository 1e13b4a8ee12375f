"""One page over many reports: what each said, and how verdicts change with time."""

from __future__ import annotations

import html
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import orjson
import polars as pl

from forensics.errors import ForensicsError, UsageError
from forensics.findings import Findings, read_findings
from forensics.redaction import redact

_SCHEMA: Final = "forensics/index/1"
_COLUMNS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "report": pl.String,
    "generated_at": pl.Datetime("us", "UTC"),
    "incident": pl.String,
    "title": pl.String,
    "leak": pl.String,
    "kind": pl.String,
    "cause": pl.String,
    "cause_kind": pl.String,
    "probability": pl.Float64,
    "confidence": pl.String,
    "contradicted": pl.Int64,
    "missing": pl.Int64,
    "summary": pl.String,
}


@dataclass(frozen=True, slots=True)
class Index:
    """The reports of a folder.

    ``reports`` has one row a report, the newest first (columns: see ``index.json``);
    ``unreadable`` maps a folder to the reason; ``removed`` names what retention deleted.
    """

    reports: pl.DataFrame
    unreadable: dict[str, str]
    removed: tuple[str, ...] = ()

    def trends(self) -> pl.DataFrame:
        """Return one row a day (UTC): reports, leaks, mean probability, how many unsure."""
        return (
            self.reports.group_by(day=pl.col("generated_at").dt.date())
            .agg(
                reports=pl.len(),
                leaks=(pl.col("leak") == "yes").sum(),
                mean_probability=pl.col("probability").mean(),
                low_confidence=(pl.col("confidence") == "low").sum(),
                contradicted=pl.col("contradicted").sum(),
            )
            .sort("day")
        )

    def changes(self) -> pl.DataFrame:
        """Return the reports whose verdict differs from the one before of the same incident."""
        verdict = pl.struct("leak", "kind", "cause", "confidence")
        by_time = self.reports.sort("generated_at")
        before = verdict.shift(1).over("incident")
        return by_time.filter(before.is_not_null() & (verdict != before)).select(
            "generated_at", "incident", "report", "leak", "kind", "cause", "confidence"
        )


def build_index(folder: Path, *, keep: int | None = None) -> Index:
    """Read every report below ``folder``, write ``index.json`` and ``index.html`` there.

    Parameters
    ----------
    folder
        Where the run folders are, at any depth.
    keep
        Delete all but the newest ``keep`` reports of each incident. Only folders that hold a
        readable report are ever deleted.

    Raises
    ------
    UsageError
        If ``folder`` doesn't exist or ``keep`` is below 1.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: is no folder; give the one that holds the reports")
    if keep is not None and keep < 1:
        raise UsageError(f"--keep {keep}: must be at least 1")
    rows: list[dict[str, Any]] = []
    unreadable: dict[str, str] = {}
    for path in sorted(folder.rglob("findings.json")):
        name = path.parent.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        try:
            rows.append(_row(name, read_findings(path), _generated_at(path)))
        except ForensicsError as error:
            unreadable[name] = str(error)
    reports = pl.DataFrame(rows, schema=_COLUMNS).sort(
        ["generated_at", "report"], descending=[True, False]
    )
    index = Index(reports, unreadable)
    if keep is not None:
        index = _retain(folder, index, keep)
    _write(folder / "index.json", orjson.dumps(_document(index), option=orjson.OPT_INDENT_2))
    _write(folder / "index.html", _page(index).encode())
    return index


def _row(name: str, findings: Findings, generated_at: datetime) -> dict[str, Any]:
    verdict, cause = findings.verdict, findings.verdict.root_cause
    return {
        "report": name,
        "generated_at": generated_at,
        "incident": findings.incident.id or name,
        "title": redact(findings.incident.title),
        "leak": verdict.leak,
        "kind": verdict.kind,
        "cause": cause.change_id,
        "cause_kind": cause.kind,
        "probability": cause.probability,
        "confidence": verdict.confidence,
        "contradicted": sum(claim.verdict == "contradicted" for claim in findings.claims),
        "missing": len(findings.missing),
        "summary": redact(verdict.summary),
    }


def _generated_at(findings_path: Path) -> datetime:
    """Return the time that the custody record states, else the file's own."""
    try:
        record = orjson.loads((findings_path.parent / "custody.json").read_bytes())
        moment = datetime.fromisoformat(record["run"]["generated_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return datetime.fromtimestamp(int(findings_path.stat().st_mtime), UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _retain(folder: Path, index: Index, keep: int) -> Index:
    rank = pl.int_range(pl.len()).over("incident")
    old = index.reports.filter(rank >= keep)["report"].to_list()
    for name in old:
        if name == ".":
            raise UsageError(f"{folder}: is itself a report; --keep wants the folder above it")
        shutil.rmtree(folder / name)
    return Index(index.reports.filter(rank < keep), index.unreadable, tuple(old))


def _document(index: Index) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "reports": index.reports.to_dicts(),
        "trends": index.trends().to_dicts(),
        "changes": index.changes().to_dicts(),
        "unreadable": index.unreadable,
        "removed": list(index.removed),
    }


def _write(path: Path, body: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(body)
    part.replace(path)


_POLICY: Final = (
    "<meta http-equiv='Content-Security-Policy' "
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)
_STYLE: Final = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;"
    "max-width:72rem;padding:0 1rem}.wide{overflow-x:auto}table{border-collapse:collapse;"
    "width:100%}th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #8888;"
    "vertical-align:top}td.n{text-align:right}"
)


def _page(index: Index) -> str:
    """Return the page: self-contained, no script, every text escaped."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width,initial-scale=1'>",
        _POLICY,
        f"<title>Reports</title><style>{_STYLE}</style></head><body>",
        f"<h1>{index.reports.height} reports</h1>",
        _table(index.reports, "Reports, the newest first", link="report"),
        _table(index.trends(), "By day"),
        _table(index.changes(), "Verdicts that changed"),
    ]
    if index.unreadable:
        frame = pl.DataFrame(
            {"report": list(index.unreadable), "why": list(index.unreadable.values())}
        )
        parts.append(_table(frame, "Unreadable"))
    return "\n".join([*parts, "</body></html>\n"])


def _table(frame: pl.DataFrame, title: str, *, link: str = "") -> str:
    if frame.is_empty():
        return f"<h2>{title}</h2><p>None.</p>"
    head = "".join(f"<th scope='col'>{name.replace('_', ' ')}</th>" for name in frame.columns)
    rows = "".join(
        "<tr>"
        + "".join(_cell(name, value, is_link=name == link) for name, value in row.items())
        + "</tr>"
        for row in frame.iter_rows(named=True)
    )
    return (
        f"<h2>{title}</h2><div class='wide' tabindex='0' role='region' aria-label='{title}'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _cell(name: str, value: object, *, is_link: bool) -> str:
    if is_link:
        address = html.escape(quote(str(value)), quote=True)
        return f"<td><a href='./{address}/postmortem.html'>{html.escape(str(value))}</a></td>"
    if isinstance(value, float):
        return f"<td class='n'>{value:.2f}</td>"
    if isinstance(value, int):
        return f"<td class='n'>{value}</td>"
    if isinstance(value, datetime):
        return f"<td>{value:%Y-%m-%d %H:%M} UTC</td>"
    shown = "" if value is None else str(value)
    return f"<td>{html.escape(redact(shown) if name == 'why' else shown, quote=True)}</td>"
