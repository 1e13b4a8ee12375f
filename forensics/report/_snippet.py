"""Ready text to put a chart into somebody's own postmortem."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any, Final

from forensics.report._words import markdown_text


def make_snippets(chart: Any) -> dict[str, str]:
    """Return a snippet for each target, by the target's name.

    Parameters
    ----------
    chart
        A chart, or anything with its ``id``, ``title``, ``alt`` and ``caption``.
    """
    return {target: make(chart) for target, make in TARGETS.items()}


def _markdown(chart: Any) -> str:
    alt, caption = markdown_text(chart.alt), markdown_text(chart.caption)
    return f"![{alt}](charts/{chart.id}.svg)\n\n*{markdown_text(chart.title)}.* {caption}"


def _html(chart: Any) -> str:
    alt, title, caption = (html.escape(t) for t in (chart.alt, chart.title, chart.caption))
    return (
        f'<figure>\n  <img src="charts/{chart.id}-2x.png" alt="{alt}" width="880">\n'
        f"  <figcaption><strong>{title}.</strong> {caption}</figcaption>\n</figure>"
    )


def _confluence(chart: Any) -> str:
    """Return Confluence's storage format; the PNG is to be attached to the page."""
    alt, title = html.escape(chart.alt), html.escape(chart.title)
    return (
        f'<ac:image ac:alt="{alt}" ac:width="880">'
        f'<ri:attachment ri:filename="{chart.id}-2x.png" /></ac:image>\n<p>{title}.</p>'
    )


def _docs(chart: Any) -> str:
    """Return what to do in Google Docs, which takes pictures as PNG only, and the text to paste."""
    return (
        f"Insert > Image > charts/{chart.id}-2x.png\n"
        f"Alt text: {chart.alt}\n\n{chart.title}. {chart.caption}"
    )


TARGETS: Final[Mapping[str, Callable[[Any], str]]] = {
    "markdown": _markdown,
    "html": _html,
    "confluence": _confluence,
    "docs": _docs,
}
