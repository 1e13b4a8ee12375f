"""Instances and bytes by class, without a graph: two passes over the records, 4 bytes an object."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from forensics.errors import UsageError
from forensics.kernels import hprof_classes as table
from forensics.kernels import hprof_histogram as histogram
from forensics.kernels._types import Bytes
from forensics.readers._contract import DamageRow, damage_table
from forensics.readers._source import Source
from forensics.readers.heap import _hprof_names as names_of
from forensics.readers.heap import _layout
from forensics.readers.heap._hprof_build import array_model, check_holds_objects
from forensics.readers.heap._hprof_classes import Classes, read_classes
from forensics.readers.heap._hprof_objects import Addresses
from forensics.readers.heap._hprof_records import Scan, Scanner
from forensics.readers.heap._open import map_content
from forensics.readers.heap._sizes import measure_classes


@dataclass(frozen=True, eq=False)
class HeapHistogram:
    """What one walk over a dump tells; ``classes`` has ``class, instances, shallow_bytes``."""

    name: str
    format: str
    id_bytes: int
    layout: str
    objects: int
    class_objects: int
    gc_roots: int
    percent_read: float
    classes: pl.DataFrame
    damage: pl.DataFrame


def count_heap(source: Source, *, sizes: _layout.Sizes = "jvm", dump: int = -1) -> HeapHistogram:
    """Count the objects of an HPROF dump; see ``forensics.readers.heap.count_heap``."""
    data, unpack_damage = map_content(source, None)
    try:
        scan = Scanner(data, source.name).run(dump)
    except IndexError:
        raise UsageError(f"{source.name} has no heap dump number {dump}") from None
    check_holds_objects(scan)
    id_bytes = scan.header.id_bytes
    names = names_of.Names(data, scan.records, id_bytes)
    loaded, _ = names_of.read_loaded_classes(data, scan.records, id_bytes, names)
    classes = read_classes(data, scan, names, loaded)
    frame, layout = _tally(data, scan, classes, sizes)
    damage = [
        *scan.damage,
        *(DamageRow(row[0], row[1], row[2], offset=row[3]) for row in unpack_damage),
    ]
    return HeapHistogram(
        name=source.name,
        format=f"hprof {scan.header.version}",
        id_bytes=id_bytes,
        layout=f"{layout.name}, {layout.align_bytes}-byte alignment",
        objects=scan.object_count + classes.count,
        class_objects=classes.count,
        gc_roots=scan.roots.shape[0],
        percent_read=100.0 * scan.read_bytes / max(int(data.size), 1),
        classes=frame,
        damage=damage_table(damage),
    )


def _tally(
    data: Bytes, scan: Scan, classes: Classes, sizes: _layout.Sizes
) -> tuple[pl.DataFrame, _layout.Layout]:
    id_bytes = scan.header.id_bytes
    of_classes = classes.rows[: classes.count, table.ADDRESS].copy()
    offsets = scan.number_classes(classes.count)
    layout = _layout.RAW
    if sizes == "jvm":
        addresses = Addresses(data, offsets, id_bytes, of_classes)
        layout = _layout.infer_layout(data, addresses, classes.count, _alignment(scan))
    order = np.argsort(of_classes, kind="stable").astype(np.int32)
    model = array_model(classes, layout, id_bytes)
    total = len(classes.names)
    tally = histogram.Tally(
        np.zeros(total, np.int64),
        np.zeros(total, np.int64),
        np.zeros((total, 3), np.int64),
        np.zeros(classes.count, np.int64),
    )
    histogram.tally_objects(data, offsets[classes.count :], of_classes[order], order, model, tally)
    distances = np.zeros(classes.count, np.int64)
    distances[order] = tally.distances
    measured = measure_classes(classes, layout, tally.gaps, distances, id_bytes)
    units = np.where(measured.instances < 0, tally.array_units, tally.counts * measured.instances)
    counts = tally.counts
    own = max(classes.first("java.lang.Class"), 0)
    counts[own] += classes.count
    units[own] += int(measured.class_objects.sum())
    frame = pl.DataFrame(
        {
            "class": classes.names,
            "instances": counts,
            "shallow_bytes": units << model.unit_shift,
        }
    )
    frame = frame.filter(pl.col("instances") > 0).sort(
        ["shallow_bytes", "instances", "class"], descending=[True, True, False]
    )
    return frame, layout


def _alignment(scan: Scan) -> int:
    varying = int(scan.span[3])
    shift = (varying & -varying).bit_length() - 1 if varying else 3
    return 1 << min(max(shift, 3), 6)
