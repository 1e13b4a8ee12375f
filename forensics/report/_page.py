"""Render the page: one file, no request, a policy that admits nothing but what is in it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    PackageLoader,
    StrictUndefined,
    TemplateError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from forensics.charts._write import FILES
from forensics.errors import UsageError
from forensics.redaction import redact
from forensics.report import _words as words
from forensics.report._condense import as_sentence, first_sentence, other_sentences
from forensics.report._prose import SLOTS
from forensics.report._snippet import make_snippets
from forensics.report._style import build_css
from forensics.report._summary import write_summary
from forensics.report._view import View

#: Rows of the growth table; a case of hundreds of pods stays readable, findings.json has all.
GROWTH_ROWS: Final = 40
#: Statements of one topic that are shown; the others are in a part that opens.
MOST_STATEMENTS: Final = 3
#: Direction overrides let a text show another order of letters than it has; none is ours.
_WITHOUT_DIRECTION: Final = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def make_environment(template: Path | None) -> ImmutableSandboxedEnvironment:
    """Return the template environment: escaping on, a user's folder before the built-in one.

    Templates run in a sandbox: one that came with the evidence can't reach the machine.
    """
    built_in = PackageLoader("forensics.report", "templates")
    loader = ChoiceLoader([FileSystemLoader(template), built_in]) if template else built_in
    return ImmutableSandboxedEnvironment(
        loader=loader,
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=False,
        keep_trailing_newline=True,
    )


def render_page(view: View, drawings: Mapping[str, str], *, for_pdf: bool) -> str:
    """Return the whole HTML document.

    Parameters
    ----------
    view
        What to show.
    drawings
        Chart id to its drawing as HTML (an ``svg`` or an ``img`` element), ours and safe.
    for_pdf
        True leaves out what only a screen can use.

    Raises
    ------
    UsageError
        If a template of the user's doesn't work; the message says where.
    """
    environment = make_environment(view.options.template)
    body = render_body(environment, view, for_pdf=for_pdf)
    body = redact(body).translate(_WITHOUT_DIRECTION)
    for chart_id, drawing in drawings.items():
        body = body.replace(_hole(chart_id), drawing)
        body = body.replace(_hole(chart_id, lead=True), _as_lead(drawing, chart_id))
    css = build_css(_source(environment, "report.css"), for_pdf=for_pdf).replace("</", "<\\/")
    script = "" if for_pdf else _source(environment, "report.js").replace("</", "<\\/")
    policy = (
        f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    incident = view.findings.incident
    return environment.get_template("page.html.j2").render(
        policy=policy,
        title=redact(f"{incident.id} {incident.title} – postmortem".strip()).translate(
            _WITHOUT_DIRECTION
        ),
        css=Markup(css),  # noqa: S704  # our own file, closed against "</"
        body=Markup(body),  # noqa: S704  # rendered with escaping on
        script=Markup(script),  # noqa: S704  # our own file, closed against "</"
    )


def render_body(environment: Any, view: View, *, for_pdf: bool) -> str:
    """Return the inside of ``main``, with a hole for each drawing."""
    numbers = view.evidence_numbers
    page_words = SimpleNamespace(num=words.number, when=words.moment, text=escape)
    return render(
        environment,
        "postmortem.html.j2",
        view=view,
        for_pdf=for_pdf,
        num=words.number,
        span=words.span,
        when=words.moment,
        refs=lambda refs: words.references(refs, numbers, for_pdf=for_pdf),
        odds=words.odds,
        sentence=as_sentence,
        first_sentence=first_sentence,
        other_sentences=other_sentences,
        prose=words.rendered_prose,
        ticks=words.code_ticks,
        slots=SLOTS,
        snippets=make_snippets,
        chart_files=FILES,
        growth_rows=GROWTH_ROWS,
        most_statements=MOST_STATEMENTS,
        drawing=lambda chart, lead: Markup(_hole(chart.id, lead=lead)),  # noqa: S704  # our own ids
        summary=lambda: write_summary(view, page_words),
    )


def render(environment: Any, name: str, **values: Any) -> str:
    """Render one template.

    Raises
    ------
    UsageError
        If it has a fault; the message names template and line.
    """
    try:
        made: str = environment.get_template(name).render(**values)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        place = f"template {name}{f', line {line}' if line else ''}"
        raise UsageError(f"{place}: {error}; compare with the built-in template") from error
    return made


def _source(environment: Any, name: str) -> str:
    source: str = environment.loader.get_source(environment, name)[0]
    return source


def _hole(chart_id: str, *, lead: bool = False) -> str:
    return f"<!--{'lead' if lead else 'chart'}:{chart_id}-->"


def _as_lead(drawing: str, chart_id: str) -> str:
    """Give the copy of a drawing at the head of the page ids of its own."""
    return drawing.replace(f'id="{chart_id}/', f'id="proof/{chart_id}/').replace(
        f"#{chart_id}/", f"#proof/{chart_id}/"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
