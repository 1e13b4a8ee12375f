"""What an analysis found, as sentences: the reading that a notebook puts beside a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from forensics import findings as f
from forensics.charts._units import human
from forensics.redaction import redact

_MOST: Final = 12


@dataclass(frozen=True, slots=True)
class Reading:
    """Sentences with their evidence; ``without`` says what none of them would need."""

    sentences: tuple[str, ...]
    without: str = ""

    def __repr__(self) -> str:
        lines = self.sentences or (self.without,)
        return "\n".join(f"- {redact(line)}" for line in lines[:_MOST])

    def _repr_html_(self) -> str:
        lines = self.sentences or (self.without,)
        items = "".join(f"<li>{escape(redact(line))}</li>" for line in lines[:_MOST])
        more = len(lines) - _MOST
        note = f"<p><small>and {more:,} more</small></p>" if more > 0 else ""
        return f"<ul>{items}</ul>{note}"


def read_entries(entries: Sequence[f.AnyEntry], without: str) -> Reading:
    """Return the sentences of entries, each with the first piece of its evidence."""
    return Reading(tuple(_sentence(entry) for entry in entries), without)


def _sentence(entry: f.AnyEntry) -> str:
    tell = _TELLERS.get(type(entry))
    text = tell(entry) if tell else str(entry)
    evidence = getattr(entry, "evidence", [])
    return f"{text} [{_place(evidence[0])}]" if evidence else text


def _place(ref: f.EvidenceRef) -> str:
    if ref.line is not None:
        return f"{ref.path}, line {ref.line}"
    return f"{ref.path}, {ref.query}" if ref.query else ref.path


def _growth(entry: f.Growth) -> str:
    rate = ""
    if entry.rate_bytes_per_min is not None:
        rate = f" at {human(entry.rate_bytes_per_min, 'bytes/min')}"
    said = {"yes": f"leaks{rate}", "no": "does not leak", "unknown": "can't be told"}[entry.leak]
    return f"{entry.entity}: {said}. {entry.why}".rstrip()


def _heap(entry: f.HeapFile) -> str:
    size = human(float(entry.shallow_bytes), "bytes")
    head = f"{entry.file}: {entry.objects:,} objects, {size}"
    if not entry.suspects:
        return f"{head}; nothing stands out"
    top = entry.suspects[0]
    holder = f", held by {' -> '.join(top.held_by[-2:])}" if top.held_by else ""
    return f"{head}; {top.class_} retains {human(top.share, 'share')} of it{holder}"


def _suspect(entry: f.Suspect) -> str:
    return f"{entry.what} ({entry.kind}): {human(entry.probability, 'share')}, {entry.role}"


def _claim(entry: f.Claim) -> str:
    return f"line {entry.line}, “{entry.text}”: {entry.verdict}. {entry.why}"


def _measure(entry: f.Measure) -> str:
    return f"{entry.name}: {human(entry.value, entry.unit)}. {entry.why}".rstrip()


_TELLERS: Final[dict[type, Callable[[Any], str]]] = {
    f.Finding: lambda entry: f"{entry.text} ({entry.confidence} confidence)",
    f.Growth: _growth,
    f.HeapFile: _heap,
    f.Suspect: _suspect,
    f.Claim: _claim,
    f.Measure: _measure,
    f.Question: lambda entry: f"{entry.question} {entry.answer}",
    f.Decision: lambda entry: f"{entry.decision}: {entry.advice}. {entry.why}",
    f.TimelineRow: lambda entry: f"{entry.time:%H:%M:%S} {entry.text}",
    f.Verdict: lambda entry: f"{entry.summary} ({entry.confidence} confidence)",
}
