"""Many heap dumps at once: each is opened where there is room, and their answers laid side by side.

A dump is one partition. What comes back from it is small (a histogram, suspects), so that fifty
dumps of a fleet fit where one graph does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl

from forensics.errors import ForensicsError
from forensics.run.engine import Engine, LocalEngine

DUMPS: Final = pl.Schema(
    {
        "file": pl.String(),
        "objects": pl.Int64(),
        "held_bytes": pl.Int64(),
        "suspects": pl.Int64(),
        "damage": pl.Int64(),
        "first_suspect": pl.String(),
        "why_not": pl.String(),
    }
)
_CLASSES: Final = pl.Schema(
    {
        "file": pl.String(),
        "class": pl.String(),
        "instances": pl.Int64(),
        "shallow_bytes": pl.Int64(),
    }
)
_SUSPECTS: Final = ("kind", "class", "piles_up", "owner", "retained_bytes", "share", "summary")


@dataclass(frozen=True, slots=True)
class DumpAnswer:
    """What one dump said: a row of ``DUMPS``, its histogram, its suspects."""

    row: dict[str, Any]
    classes: pl.DataFrame
    suspects: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Survey:
    """What many dumps say together.

    ``dumps``: a row a file, in the order given; one that can't be read says ``why_not``.
    ``suspects``: piles by what piles up and whose field holds it, with the number of ``dumps``
    that have it, the most frequent first. ``classes``: over all dumps, the largest sum of
    shallow bytes first; ``largest_in`` names the dump with most bytes of the class.
    """

    dumps: pl.DataFrame
    suspects: pl.DataFrame
    classes: pl.DataFrame


def survey_dumps(
    paths: Sequence[Path], *, engine: Engine | None = None, cache: Path | None = None
) -> Survey:
    """Open each dump on ``engine`` (this process unless given) and compare what they hold.

    Time is that of opening the dumps, divided by the workers; the answer does not depend on
    how many there are. Each worker needs the memory of one dump.
    """
    work = partial(survey_dump, cache=cache)
    files = [Path(path).absolute() for path in paths]
    answers = list((engine or LocalEngine()).run(work, files))
    dumps = pl.DataFrame([answer.row for answer in answers], schema=DUMPS)
    return Survey(
        dumps,
        _join_suspects(pl.concat([answer.suspects for answer in answers])),
        _join_classes(pl.concat([answer.classes for answer in answers])),
    )


def survey_dump(path: Path, cache: Path | None = None) -> DumpAnswer:
    """Open one dump and ask it what it holds: one partition's work."""
    from forensics.heap import count_classes, find_suspects  # noqa: PLC0415  # numba loads late
    from forensics.heap.suspects import SUSPECTS  # noqa: PLC0415  # same
    from forensics.readers.heap import open_heap  # noqa: PLC0415  # same

    file = pl.lit(path.name).alias("file")
    try:
        graph = open_heap(path, cache=cache)
    except ForensicsError as error:
        return DumpAnswer(
            {"file": path.name, "why_not": str(error)},
            pl.DataFrame(schema=_CLASSES),
            pl.DataFrame(schema=SUSPECTS).select(file, *_SUSPECTS),
        )
    suspects = find_suspects(graph)
    row = {
        "file": path.name,
        "objects": len(graph),
        "held_bytes": graph.held_bytes,
        "suspects": suspects.height,
        "damage": graph.damage.height,
        "first_suspect": suspects["summary"].first(),
    }
    by_name = count_classes(graph).group_by("class")  # several loaders may have one of a name
    classes = by_name.agg(pl.col("instances", "shallow_bytes").sum())
    return DumpAnswer(
        row, classes.select(file, *list(_CLASSES)[1:]), suspects.select(file, *_SUSPECTS)
    )


def _join_suspects(suspects: pl.DataFrame) -> pl.DataFrame:
    """Return one row for each pile that dumps have in common."""
    return (
        suspects.group_by("kind", "class", "piles_up", "owner", maintain_order=True)
        .agg(
            dumps=pl.col("file").n_unique(),
            median_share=pl.col("share").median(),
            retained_bytes=pl.col("retained_bytes").sum(),
            example=pl.col("summary").first(),
            files=pl.col("file").unique(maintain_order=True),
        )
        .sort("dumps", "retained_bytes", descending=True, maintain_order=True)
    )


def _join_classes(classes: pl.DataFrame) -> pl.DataFrame:
    """Return one row a class: sums over the dumps and where most of it is."""
    return (
        classes.sort("shallow_bytes", "file", descending=[True, False])
        .group_by("class", maintain_order=True)
        .agg(
            dumps=pl.len(),
            instances=pl.col("instances").sum(),
            shallow_bytes=pl.col("shallow_bytes").sum(),
            median_bytes=pl.col("shallow_bytes").median().cast(pl.Int64),
            largest_bytes=pl.col("shallow_bytes").first(),
            largest_in=pl.col("file").first(),
        )
        .sort("shallow_bytes", "class", descending=[True, False])
    )
