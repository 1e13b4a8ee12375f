"""Filters of the templates: numbers with units, moments, references, escaped Markdown.

In the page a number is a ``data`` element that carries the exact value, so that a program can
find it in ``findings.json``; a moment is a ``time`` element.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from forensics.charts._layout import printable
from forensics.charts._units import human
from forensics.findings import EvidenceRef

_MARKDOWN_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|~#!])")
_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).enable("table")


def number(value: float | None, unit: str, derived: str = "") -> Markup:
    """Return a number as people read it, with the exact value for programs.

    ``derived`` says how the report computed a value that the findings hold the parts of.
    """
    if value is None:
        return Markup("not known")
    rule = Markup(' data-derived="{}"').format(derived) if derived else Markup("")
    return Markup('<data value="{}" data-unit="{}"{}>{}</data>').format(
        repr(value), unit, rule, human(float(value), unit)
    )


def plain_number(value: float | None, unit: str, derived: str = "") -> str:
    """Return a number as people read it, for Markdown; ``derived`` is the page's concern."""
    del derived
    return markdown_text(human(None if value is None else float(value), unit))


def moment(at: datetime | None, form: str = "%Y-%m-%d %H:%M:%S UTC") -> Markup:
    """Return a UTC moment as a ``time`` element."""
    if at is None:
        return Markup("not known")
    shown = _utc(at)
    return Markup('<time datetime="{}">{}</time>').format(
        shown.isoformat().replace("+00:00", "Z"), shown.strftime(form)
    )


def plain_moment(at: datetime | None, form: str = "%Y-%m-%d %H:%M:%S UTC") -> str:
    """Return a UTC moment for Markdown."""
    return "not known" if at is None else _utc(at).strftime(form)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def place_of(ref: EvidenceRef) -> str:
    """Return what narrows a reference down inside its file."""
    parts = [
        f"line {ref.line}" if ref.line is not None else "",
        f"byte {ref.offset}" if ref.offset is not None else "",
        f"object {ref.object_address}" if ref.object_address else "",
        ref.query or "",
    ]
    return printable(", ".join(part for part in parts if part))


def references(refs: Any, numbers: Mapping[str, int], most: int = 4) -> Markup:
    """Return links to the rows of the evidence table; a chart is linked beside its file."""
    links = [_link(ref, numbers) for ref in list(refs)[:most]]
    if len(refs) > most:
        links.append(Markup("and more"))
    if not links:
        return Markup('<span class="none">no reference</span>')
    return Markup('<span class="refs">{}</span>').format(Markup(" ").join(links))


def _link(ref: EvidenceRef, numbers: Mapping[str, int]) -> Markup:
    place = place_of(ref)
    shown = Markup("<code>{}</code>{}").format(
        printable(ref.path), Markup(" <code>{}</code>").format(place) if place else ""
    )
    row = numbers.get(ref.path)
    made = Markup('<a href="#evidence-{}">{}</a>').format(row, shown) if row else shown
    if ref.chart:
        made += Markup(' <a href="#chart-{}">chart</a>').format(ref.chart)
    return made


def plain_references(refs: Any, numbers: Mapping[str, int], most: int = 4) -> str:
    """Return references for Markdown: file and place, with the row of the evidence table."""
    made = []
    for ref in list(refs)[:most]:
        row = numbers.get(ref.path)
        place = place_of(ref)
        inner = markdown_text(f"{ref.path}{' ' + place if place else ''}")
        made.append(f"{inner} [[E{row}]](#evidence-and-custody)" if row else inner)
    return "; ".join(made) or "no reference"


def markdown_text(text: Any) -> str:
    """Return ``text`` on one line with everything escaped that Markdown or HTML would act on."""
    line = " ".join(printable(str(text)).split())
    return _MARKDOWN_SPECIAL.sub(r"\\\1", line).replace("://", ":&#8203;//")


def rendered_prose(text: str) -> Markup:
    """Return a person's Markdown as HTML; HTML inside it stays text, unsafe links are dropped."""
    return Markup(_MARKDOWN.render(text))  # noqa: S704  # html=False escapes, links are checked


def code_ticks(text: str) -> Markup:
    """Return our own text with `ticks` as code elements, everything else escaped."""
    parts = str(text).split("`")
    made = [
        Markup("<code>{}</code>").format(part) if i % 2 else escape(part)
        for i, part in enumerate(parts)
    ]
    return Markup("").join(made)
