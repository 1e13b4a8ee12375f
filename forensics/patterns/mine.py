"""Mine the templates of log messages, and apply them to others."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import polars as pl

from forensics.patterns.masks import VARIABLE, Masked, mask_shape
from forensics.patterns.shapes import Shapes, count_shapes
from forensics.patterns.variables import classify_variables
from forensics.patterns.words import distinct, find_values

TEMPLATES: Final = pl.Schema(
    {
        "template_id": pl.String(),
        "template": pl.String(),
        "count": pl.Int64(),
        "variables": pl.List(pl.String()),
        "example": pl.String(),
    }
)


#: Distinct shapes that are mined, the most frequent. What comes beyond them isn't the
#: output of statements, or of too many to read; it is told apart by the first word only.
MOST_SHAPES: Final = 50_000
#: Their text together: garbage and dumps in a log have long lines without a repetition.
MOST_SHAPE_BYTES: Final = 4 << 20
#: Shapes beyond MOST_SHAPES that must share a first word to keep it.
FEWEST_OF_FIRST_WORD: Final = 100


@dataclass(frozen=True, slots=True)
class Patterns:
    """The templates of a set of messages.

    Attributes
    ----------
    templates
        One row a template, most frequent first: ``template_id`` (hash of its tokens, the
        same on every machine), ``template`` (``<*>`` for each variable), ``count`` of
        messages, ``variables`` (kind of each ``<*>``), ``example`` (a message, with
        whatever secrets it holds: redact before showing).
    shapes
        ``shape``, ``template_id``: which template each shape has; what ``assign`` uses.
    message_ids
        ``template_id`` of each mined message, in order; empty if mined from merged parts.
    """

    templates: pl.DataFrame
    shapes: pl.DataFrame
    message_ids: pl.Series


def mine(messages: pl.Series, counts: pl.Series | None = None) -> Patterns:
    """Find the templates of ``messages``; nothing is known or asked of their origin.

    The templates depend on the set of messages alone: not on their order, on how they
    were cut into parts (``count_shapes`` of each, ``merge_shapes``, ``mine_shapes``), and
    not on how often each occurs. About one second for 100 MB of repetitive messages.

    Parameters
    ----------
    messages
        Strings without header, shape (n,). Null counts as empty.
    counts
        How often each was seen, where ``messages`` are distinct already; once by default.
    """
    return mine_shapes(count_shapes(messages, counts))


def mine_shapes(shapes: Shapes) -> Patterns:
    """Find the templates of counted (and perhaps merged) shapes; see ``mine``."""
    # of the ways to space the same tokens the most frequent is shown
    table = shapes.table.sort(["count", "shape"], descending=[True, False])
    lengths = table["shape"].head(MOST_SHAPES).str.len_bytes().cast(pl.Int64)
    mined = int((lengths.cum_sum() <= MOST_SHAPE_BYTES).sum())
    masked = [mask_shape(shape) for shape in table["shape"].head(mined)]
    masked += _mask_rest(table["shape"].slice(mined))
    unique = distinct(masked)
    final = dict(zip(unique, find_values(list(unique.values())), strict=True))
    shown = distinct(final.values())
    ids = {tokens: _id_of(tokens) for tokens in shown}
    table = table.with_columns(
        pl.Series("template_id", [ids[final[one.tokens].tokens] for one in masked], pl.String)
    )
    templates = _summarise(table, {ids[tokens]: _text_of(one) for tokens, one in shown.items()})
    known = table.select("shape", "template_id").sort("shape")
    ids_of_messages = known["template_id"].gather(pl.Series(shapes.codes, dtype=pl.Int64))
    return Patterns(templates, known, ids_of_messages)


def _mask_rest(shapes: pl.Series) -> list[Masked]:
    """Mask all but the first word, and that too unless some shapes share it."""
    rest = pl.DataFrame({"first": shapes.str.extract(r"^([A-Za-z_]{1,40})\s")})
    is_shared = pl.len().over("first") >= FEWEST_OF_FIRST_WORD
    firsts = rest.select(pl.when(is_shared).then("first")).to_series()
    return [
        Masked((VARIABLE,), (False,)) if first is None else Masked((first, VARIABLE), (False, True))
        for first in firsts
    ]


def assign(messages: pl.Series, patterns: Patterns) -> pl.Series:
    """Return the ``template_id`` of each message, null where no template fits.

    A message whose shape was mined gets its template at once; another one gets the most
    frequent template whose tokens it has, a variable standing for one token or more.
    """
    seen = count_shapes(messages)
    known = dict(patterns.shapes.iter_rows())
    fitting = _Matcher(patterns)
    ids = [known[shape] if shape in known else fitting.find(shape) for shape in seen.table["shape"]]
    if messages.is_empty():
        return pl.Series("template_id", [], pl.String)
    return pl.Series("template_id", ids, pl.String).gather(pl.Series(seen.codes))


class _Matcher:
    """Templates by the tokens that mined shapes have, for shapes that weren't mined."""

    def __init__(self, patterns: Patterns) -> None:
        self._by_start: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        rank = {one: i for i, one in enumerate(patterns.templates["template_id"])}
        for template_id, template in patterns.templates.select(
            "template_id", "template"
        ).iter_rows():
            tokens = mask_shape(template.replace(VARIABLE, "0")).tokens
            start = tokens[0] if tokens else ""
            self._by_start.setdefault(start, []).append((tokens, template_id))
        for templates in self._by_start.values():
            templates.sort(key=lambda one: rank[one[1]])

    def find(self, shape: str) -> str | None:
        """Return the first template that fits; None if there is none."""
        tokens = mask_shape(shape).tokens
        start = tokens[0] if tokens else ""
        for wanted in dict.fromkeys((start, VARIABLE)):
            for template, template_id in self._by_start.get(wanted, ()):
                if _fits(tokens, template):
                    return template_id
        return None


def _fits(tokens: tuple[str, ...], template: tuple[str, ...]) -> bool:
    """Whether one token stands for each variable, and the rest is the same."""
    return len(tokens) == len(template) and all(
        want in (VARIABLE, token) for token, want in zip(tokens, template, strict=True)
    )


def _id_of(tokens: tuple[str, ...]) -> str:
    return blake2b("\x00".join(tokens).encode("utf-8", "replace"), digest_size=6).hexdigest()


def _text_of(one: Masked) -> str:
    return "".join(
        f" {token}" if is_spaced and i else token
        for i, (token, is_spaced) in enumerate(zip(*one, strict=True))
    )


def _summarise(table: pl.DataFrame, texts: dict[str, str]) -> pl.DataFrame:
    """One row a template, most frequent first."""
    grouped = (
        table.lazy()
        .group_by("template_id")
        .agg(
            pl.col("count").sum(),
            pl.col("sample").sort_by("rank", "shape").head(_SAMPLES),
        )
        .sort(["count", "template_id"], descending=[True, False])
        .collect()
    )
    texts_in_order = [texts[one] for one in grouped["template_id"]]
    samples = grouped["sample"].to_list()
    return grouped.with_columns(
        pl.Series("template", texts_in_order, pl.String),
        pl.Series(
            "variables",
            [classify_variables(t, s) for t, s in zip(texts_in_order, samples, strict=True)],
            pl.List(pl.String),
        ),
        pl.col("sample").list.first().alias("example"),
    ).select(pl.col(name).cast(dtype) for name, dtype in TEMPLATES.items())


#: Messages of a template that tell the kinds of its variables.
_SAMPLES: Final = 8
