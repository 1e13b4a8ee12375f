"""The summary: what, when, how long, who, and the cause with how sure we are."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from forensics.report._milestones import minutes_between
from forensics.report._view import View

_MOST_WORDS = 120


def write_summary(view: View, words: Any) -> Markup:
    """Return the summary in at most 120 words.

    Parameters
    ----------
    view
        What the report shows.
    words
        The filters of the target: ``num``, ``when`` and ``text`` (which escapes).
    """
    sentences = [_what(view, words), _cause(view, words), *_cost(view, words)]
    kept: list[Markup] = []
    count = 0
    for sentence in sentences:
        length = len(sentence.striptags().split())
        if count + length > _MOST_WORDS:
            break
        kept.append(sentence)
        count += length
    return Markup(" ").join(kept)


def _what(view: View, words: Any) -> Markup:
    verdict, incident = view.findings.verdict, view.findings.incident
    who = words.text(incident.service or "The service")
    short = words.text(" ".join(verdict.summary.split()[:60]))
    if view.first_at is None:
        return Markup(short)  # noqa: S704  # escaped by ``words.text``
    since = words.when(view.first_at, "%Y-%m-%d %H:%M UTC")
    lasted = minutes_between(view.first_at, view.last_at)
    if lasted is None:
        lead = Markup("{} was affected from {} on; the end is not known.").format(who, since)
    else:
        whole = words.num(lasted, "min", "end minus start")
        lead = Markup("{} was affected from {} on, for {}.").format(who, since, whole)
    return Markup("{} {}").format(lead, short)


def _cause(view: View, words: Any) -> Markup:
    verdict = view.findings.verdict
    if view.names_cause:
        return Markup("This is said with {} confidence.").format(verdict.confidence)
    if view.cause is None:
        known = "not known" if verdict.root_cause.kind == "unknown" else "none of the known changes"
        return Markup("The cause is {} ({} confidence).").format(known, verdict.confidence)
    return Markup("The cause is {} with probability {} ({} confidence).").format(
        words.text(" ".join(view.cause.what.split()[:20])),
        words.num(verdict.root_cause.probability, "share"),
        verdict.confidence,
    )


def _cost(view: View, words: Any) -> list[Markup]:
    measures = [m for m in view.findings.impact.measures if m.value is not None]
    if not measures:
        return [Markup("Requests, users and money affected are not known.")]
    return [
        Markup("{}: {}.").format(
            words.text(m.name.capitalize()),
            words.num(m.value, "" if m.unit and m.unit in m.name else m.unit),
        )
        for m in measures[:4]
    ]
