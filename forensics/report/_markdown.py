"""Render ``postmortem.md``: GitHub-flavoured, images by relative link, people's words kept."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Final

from markupsafe import Markup

from forensics.redaction import redact
from forensics.report import _words as words
from forensics.report._condense import as_sentence
from forensics.report._page import GROWTH_ROWS, make_environment, render
from forensics.report._prose import slot_block
from forensics.report._summary import write_summary
from forensics.report._view import View

_BLANK_LINES: Final = re.compile(r"\n{3,}")


def render_markdown(view: View) -> str:
    """Return the Markdown document; two runs on the same evidence differ in nothing.

    Raises
    ------
    UsageError
        If a template of the user's doesn't work.
    """
    numbers = view.evidence_numbers
    # The summary joins texts as Markup, so that they are escaped once: here, for Markdown.
    plain = SimpleNamespace(
        num=lambda value, unit, derived="": Markup(words.plain_number(value, unit, derived)),  # noqa: S704  # Markdown, not HTML
        when=lambda at, form: Markup(words.plain_moment(at, form)),  # noqa: S704  # same
        text=lambda text: Markup(words.markdown_text(text)),  # noqa: S704  # same
    )
    text = render(
        make_environment(view.options.template),
        "postmortem.md.j2",
        view=view,
        num=words.plain_number,
        span=words.plain_span,
        when=words.plain_moment,
        text=words.markdown_text,
        refs=lambda refs: words.plain_references(refs, numbers),
        odds=words.plain_odds,
        sentence=as_sentence,
        slot=lambda name: slot_block(name, view.prose),
        summary=lambda: str(write_summary(view, plain)),
        growth_rows=GROWTH_ROWS,
    )
    tidy = "\n".join(line.rstrip() for line in text.splitlines())
    return redact(_BLANK_LINES.sub("\n\n", tidy).strip() + "\n")
