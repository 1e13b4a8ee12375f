"""Write the report into a folder: page, Markdown, PDF, findings, charts."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from forensics.charts import Chart, write_charts
from forensics.charts._svg import inline_svg
from forensics.charts._write import redact_chart
from forensics.errors import ForensicsError
from forensics.findings import Findings, to_json
from forensics.progress import track
from forensics.redaction import redact_value
from forensics.report._markdown import render_markdown
from forensics.report._options import ReportOptions
from forensics.report._page import render_page
from forensics.report._pdf import render_pdf
from forensics.report._prose import read_prose
from forensics.report._view import View, build_view


def write_report(
    findings: Findings,
    charts: Sequence[Chart],
    out_dir: Path,
    *,
    options: ReportOptions | None = None,
) -> None:
    """Write ``postmortem.html``, ``.md``, ``.pdf``, ``findings.json``, ``charts.json`` and charts.

    Everything is redacted before it is rendered, since pictures can't be redacted later.
    The same findings, charts and options give the same bytes. ``out_dir`` may exist; the
    caller makes the writing atomic.

    Raises
    ------
    UsageError
        If a template of the user's doesn't work.
    """
    options = options or ReportOptions()
    out_dir.mkdir(parents=True, exist_ok=True)
    charts = [redact_chart(chart) for chart in charts]
    findings = redact_findings(findings)
    findings = findings.model_copy(update={"charts": [chart.id for chart in charts]})
    drawn = write_charts(charts, out_dir)
    (out_dir / "findings.json").write_bytes(to_json(findings))
    inside = {c.id: inline_svg(drawn[c.id], c.id, c.alt) for c in charts}
    with track("writing the report", 3, unit="documents") as task:
        view = _view(findings, charts, options)
        if options.with_pdf:
            paper = render_page(
                view, {name: _as_image(svg) for name, svg in drawn.items()}, for_pdf=True
            )
            options = _write_pdf(paper, out_dir / "postmortem.pdf", options)
            view = _view(findings, charts, options)
        task.advance()
        _write_text(out_dir / "postmortem.html", render_page(view, inside, for_pdf=False))
        task.advance()
        _write_text(out_dir / "postmortem.md", render_markdown(view))
        task.advance()


def redact_findings(findings: Findings) -> Findings:
    """Return the findings with every text in them redacted."""
    return Findings.model_validate(redact_value(findings.model_dump(mode="json", by_alias=True)))


def _write_pdf(page: str, path: Path, options: ReportOptions) -> ReportOptions:
    """Write the PDF; where the machine can't, the other documents will say so."""
    try:
        path.write_bytes(render_pdf(page))
    except ForensicsError as error:
        return replace(options, failed_parts=(*options.failed_parts, str(error)))
    return options


def _view(findings: Findings, charts: Sequence[Chart], options: ReportOptions) -> View:
    return build_view(findings, charts, options, read_prose(options.previous_markdown))


def _as_image(svg: str) -> str:
    """Return a drawing as an ``img`` element, for paper."""
    packed = base64.b64encode(svg.encode()).decode()
    return f'<img class="drawing" alt="" src="data:image/svg+xml;base64,{packed}">'


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
