"""Filters of the templates: numbers with units, moments, references, escaped Markdown.

In the page a number is a ``data`` element that carries the exact value, so that a program can
find it in ``findings.json``; a moment is a ``time`` element.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from forensics.charts._layout import printable
from forensics.charts._units import human, human_number, human_range
from forensics.findings import EvidenceRef

_MARKDOWN_SPECIAL: Final = re.compile(r"([\\`*_\[\]<>|~#!])")
_MOST_PATHS: Final = 4
_MOST_PLACES: Final = 3
#: Below this factor the odds hardly change; from the other on, decimals say nothing.
_HARDLY: Final = 1.15
_ROUND: Final = 9.5
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


def span(low: float, high: float, unit: str) -> Markup:
    """Return a range with its unit named once where both ends share it."""
    first, _, last = human_range(float(low), float(high), unit).partition(" to ")
    ends = ((low, first), (high, last))
    made = [
        Markup('<data value="{}" data-unit="{}">{}</data>').format(repr(value), unit, shown)
        for value, shown in ends
    ]
    return Markup(" to ").join(made)


def plain_span(low: float, high: float, unit: str) -> str:
    """Return a range for Markdown."""
    return markdown_text(human_range(float(low), float(high), unit))


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


def odds(weight: float) -> Markup:
    """Return a weight of evidence as a change of the odds in words, with the exact weight."""
    return Markup('<data value="{}" data-unit="nats">{}</data>').format(
        repr(weight), plain_odds(weight)
    )


def plain_odds(weight: float) -> str:
    """Return what a weight in nats does to the odds of a cause, in words.

    Examples
    --------
    >>> plain_odds(2.3), plain_odds(-3.37), plain_odds(0.05)
    ('10 times likelier', '29 times less likely', 'hardly changes the odds')
    """
    factor = math.exp(min(abs(weight), 30.0))
    if factor < _HARDLY:
        return "hardly changes the odds"
    times = f"{factor:.1f}".removesuffix(".0") if factor < _ROUND else human_number(round(factor))
    return f"{times} times {'likelier' if weight > 0 else 'less likely'}"


def references(refs: Any, numbers: Mapping[str, int], *, for_pdf: bool = False) -> Markup:
    """Return links to the rows of the evidence table; a chart is linked beside its file.

    Several references fold into a part that opens; paper gets the files alone.
    """
    by_path: dict[str, list[EvidenceRef]] = {}
    for ref in refs:
        by_path.setdefault(ref.path, []).append(ref)
    if not by_path:
        return Markup('<span class="none">no reference</span>')
    links = [_link(path, group, numbers, for_pdf=for_pdf) for path, group in by_path.items()]
    if for_pdf:
        shown = Markup(", ").join(links[:_MOST_PATHS])
        return Markup('<span class="refs">{}{}</span>').format(
            shown, " and more" if len(links) > _MOST_PATHS else ""
        )
    if len(refs) == 1:
        return Markup('<span class="refs">{}</span>').format(links[0])
    items = Markup("").join(Markup("<li>{}</li>").format(link) for link in links)
    return Markup('<details class="refs"><summary>evidence</summary><ul>{}</ul></details>').format(
        items
    )


def _link(
    path: str, refs: Sequence[EvidenceRef], numbers: Mapping[str, int], *, for_pdf: bool
) -> Markup:
    row = numbers.get(path)
    # A table merged of many files has no row of its own.
    target = f"evidence-{row}" if row else "evidence"
    if for_pdf:
        return Markup('<a href="#{}">{}</a>').format(target, f"E{row}" if row else path)
    made = Markup('<a href="#{}"><code>{}</code></a>').format(target, printable(path))
    places = list(dict.fromkeys(place for ref in refs if (place := place_of(ref))))
    if places:
        shown = "; ".join(places[:_MOST_PLACES])
        more = " and more" if len(places) > _MOST_PLACES else ""
        made += Markup(" <code>{}</code>{}").format(shown, more)
    for chart in dict.fromkeys(ref.chart for ref in refs if ref.chart):
        made += Markup(' <a href="#chart-{}">chart</a>').format(chart)
    return made


def plain_references(refs: Any, numbers: Mapping[str, int]) -> str:
    """Return references for Markdown: file and place, with the row of the evidence table."""
    by_path: dict[str, list[str]] = {}
    for ref in refs:
        by_path.setdefault(ref.path, []).append(place_of(ref))
    made = []
    for path, places in list(by_path.items())[:_MOST_PATHS]:
        row = numbers.get(path)
        told = [place for place in dict.fromkeys(places) if place]
        inner = markdown_text(f"{path}{' ' + '; '.join(told[:2]) if told else ''}")
        inner += " and more" if len(told) > _MOST_PLACES - 1 else ""
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
