"""What accumulates and what newly fails, in words: to be found again in a change's notes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from forensics.analysis._candidates import Candidate
from forensics.analysis._statements import split_words
from forensics.findings import EvidenceRef

_MESSAGES: Final = 200_000
_NEW_WORDS: Final = 40
_WORD: Final = re.compile(r"[a-z]{4,}")


def find_mechanism_words(
    heap_summary: Any, logs: pl.LazyFrame, candidates: Sequence[Candidate]
) -> dict[str, EvidenceRef]:
    """Return telling words with the place that each comes from.

    Two sources: class and field names of the heap dumps' suspects and their holders, and
    words of warnings and errors that were never logged before the first candidate.
    """
    words: dict[str, EvidenceRef] = {}
    for file in getattr(heap_summary, "files", ()) or ():
        for suspect in file.suspects:
            ref = EvidenceRef(path=file.file, query=suspect.class_)
            for word in _WORD.findall(split_words(" ".join([suspect.class_, *suspect.held_by]))):
                words.setdefault(word, ref)
    for word, ref in _new_words(logs, candidates).items():
        words.setdefault(word, ref)
    return words


def _new_words(logs: pl.LazyFrame, candidates: Sequence[Candidate]) -> dict[str, EvidenceRef]:
    """Return words of warnings and errors that appear only after the first candidate."""
    times = [c.time for c in candidates if c.time is not None]
    if not times:
        return {}
    serious = logs.filter(
        pl.col("level").str.to_uppercase().is_in(["WARN", "WARNING", "ERROR", "FATAL", "SEVERE"])
        & pl.col("time").is_not_null()
    )
    said = (
        serious.select(
            is_new=pl.col("time") >= min(times),
            text=pl.concat_str(
                pl.col("logger"),
                pl.col("message").str.slice(0, 400),
                separator=" ",
                ignore_nulls=True,
            ).str.replace_all(r"\d+", "0"),
            ref="raw_ref",
        )
        .group_by("is_new", "text")
        .agg(pl.len(), pl.col("ref").first())
        .sort("len", "text", descending=[True, False])
        .head(_MESSAGES)
        .collect()
    )
    old: set[str] = set()
    new: dict[str, tuple[int, EvidenceRef]] = {}
    for is_new, text, count, ref in said.iter_rows():
        for word in set(_WORD.findall(split_words(text or ""))):
            if not is_new:
                old.add(word)
            else:
                place = EvidenceRef(path=ref["file"], line=ref["line"])
                before = new.get(word, (0, place))
                new[word] = (before[0] + count, before[1])
    fresh = sorted((w for w in new if w not in old), key=lambda w: (-new[w][0], w))[:_NEW_WORDS]
    return {word: new[word][1] for word in fresh}
