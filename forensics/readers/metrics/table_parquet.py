"""Parquet files with a time column, in the shapes that ``table_csv`` reads.

References
----------
Apache Parquet, "File Format": a file begins and ends with ``PAR1``.
"""

from __future__ import annotations

import io
from pathlib import PurePath
from typing import Final

import polars as pl

from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import DamageRow, Head, Kind, Match, Reading
from forensics.readers._source import Source
from forensics.readers.metrics._series import SeriesTable
from forensics.readers.metrics._table import add_frame
from forensics.tables import METRICS

TITLE: Final = "Parquet with a time column"
KIND: Final[Kind] = "metrics"

_NAME: Final = "table_parquet"
_MAGIC: Final = b"PAR1"


def sniff(head: Head) -> Match:
    """Claim every file that begins as Parquet does."""
    return Match.MAGIC if head.data.startswith(_MAGIC) else Match.NO


def read(source: Source) -> Reading:
    """Read the table; one that is in the ``metrics`` schema already is taken as it is.

    Raises
    ------
    CorruptEvidenceError
        If the file is damaged (its index stands at its end), or holds no times or numbers.
    """
    try:
        frame = pl.read_parquet(io.BytesIO(source.read_document()))
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise CorruptEvidenceError(
            source.name,
            f"is no whole Parquet file ({type(error).__name__})",
            way_out="copy it again; Parquet keeps its index at the end",
        ) from error
    if set(METRICS.names()) <= set(frame.columns):
        return _own_table(source, frame)
    table = SeriesTable(source)
    notes: list[str] = []
    plain = frame.select(
        column for column in frame.columns if not frame[column].dtype.is_nested()
    ).cast({pl.Categorical: pl.String})
    bad_cells = add_frame(table, plain, PurePath(source.name).name.split(".")[0], notes)
    damage = [
        DamageRow(source.name, f"column {column}: {count} unreadable cells", "left out")
        for column, count in bad_cells.items()
    ]
    return table.reading(_NAME, damage=damage, notes=notes)


def _own_table(source: Source, frame: pl.DataFrame) -> Reading:
    try:
        table = frame.select(METRICS.names()).cast(METRICS)
    except pl.exceptions.PolarsError as error:
        raise CorruptEvidenceError(
            source.name, "has the columns of a metrics table with other types"
        ) from error
    series = table.select("metric", "entity", "labels").n_unique() if table.height else 0
    return Reading(
        reader=_NAME,
        kind="metrics",
        tables={"metrics": table},
        counts={"series": series, "samples": table.height, "not_finite": 0, "damaged": 0},
    )
