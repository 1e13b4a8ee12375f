"""Open a heap dump: unpack, map, build or reopen the index, hand out the graph."""

from __future__ import annotations

import mmap
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.errors import UsageError
from forensics.heap import store
from forensics.heap.graph import ClassTable, HeapFacts, HeapGraph
from forensics.kernels import hprof_classes
from forensics.kernels._types import Bytes
from forensics.kernels.address_table import AddressTable
from forensics.kernels.hprof_tags import GC_ROOT_THREAD_OBJ, root_name
from forensics.readers._contract import DamageRow, damage_table
from forensics.readers._source import Source
from forensics.readers.heap import _hprof_build as build
from forensics.readers.heap import _hprof_names as names_of
from forensics.readers.heap._hprof_classes import read_classes
from forensics.readers.heap._hprof_content import HprofContent
from forensics.readers.heap._hprof_objects import Addresses
from forensics.readers.heap._hprof_records import Scanner
from forensics.readers.heap._layout import Sizes
from forensics.readers.heap._unpack import unpack
from forensics.tables import DAMAGE

_PRESUMED: Final = (
    "The dump has no GC roots (it ends before they are written): all classes and threads were "
    "taken as roots, so reachability and retained sizes are upper estimates."
)


def open_hprof(
    source: Source, *, cache: Path | None = None, sizes: Sizes = "jvm", dump: int = -1
) -> HeapGraph:
    """Open an HPROF dump; see ``forensics.open_heap``."""
    if sizes not in ("jvm", "raw"):
        raise UsageError(f"sizes is {sizes!r}; allowed are 'jvm' and 'raw'")
    path = source.path
    with source.open_raw():
        pass
    folder = None
    if cache is not None:
        key = f"{store.fingerprint(path)}-{sizes}-{dump}"
        folder = cache / "heap" / key
    data, damage = map_content(source, folder)
    found = store.load_index(folder) if folder is not None else None
    if found is not None and found[1]["file_bytes"] == path.stat().st_size:
        return _assemble(data, *found, source.name)
    with store.IndexWriter(folder) as writer:
        facts = _build(data, source.name, sizes, dump, writer)
        facts["damage"] = [*facts["damage"], *damage]
        facts["file_bytes"] = path.stat().st_size
        facts["mtime_ns"] = path.stat().st_mtime_ns
        arrays, facts = writer.finish(facts)
    build.release_pages(data)
    return _assemble(data, arrays, facts, source.name)


def _build(
    data: Bytes, name: str, sizes: Sizes, dump: int, writer: store.IndexWriter
) -> dict[str, Any]:
    try:
        scan = Scanner(data, name).run(dump)
    except IndexError:
        raise UsageError(f"{name} has no heap dump number {dump}") from None
    id_bytes = scan.header.id_bytes
    names = names_of.Names(data, scan.records, id_bytes)
    loaded, by_serial = names_of.read_loaded_classes(data, scan.records, id_bytes, names)
    classes = read_classes(data, scan, names, loaded)
    frames = names_of.read_frames(data, scan.records, id_bytes, names, by_serial)
    started = names_of.read_started_threads(data, scan.records, id_bytes, names)
    traces = names_of.trace_thread_serials(data, scan.records)
    facts = build.build_arrays(data, scan, classes, sizes, writer)
    notes = []
    if facts["presumed_roots"]:
        notes.append(_PRESUMED)
    if scan.dumps > 1:
        notes.append(f"The file holds {scan.dumps} heap dumps; this is number {dump} of them.")
    if facts["dangling"]:
        notes.append(f"{facts['dangling']:,} references lead to objects that the dump lacks.")
    facts |= {
        "format": f"hprof {scan.header.version}",
        "id_bytes": id_bytes,
        "created_ms": scan.header.created_ms,
        "content_bytes": int(data.size),
        "read_bytes": scan.read_bytes,
        "dumps": scan.dumps,
        "notes": notes,
        "damage": [[r.path, r.what, r.action, r.offset] for r in scan.damage],
        "class_names": classes.names,
        "field_names": classes.field_names,
        "frames": frames.to_dict(as_series=False),
        "started_threads": [[k, *v] for k, v in started.items()],
        "traces": [list(pair) for pair in traces.items()],
    }
    return facts


def _assemble(
    data: Bytes, arrays: dict[str, NDArray[Any]], facts: dict[str, Any], name: str
) -> HeapGraph:
    lookup = AddressTable(
        facts["lookup_base"],
        facts["lookup_shift"],
        arrays["lookup_directory"],
        arrays["lookup_table"],
        arrays["lookup_shuffled"],
        arrays["lookup_addresses"],
        arrays["lookup_ordinals"],
    )
    class_objects = facts["class_objects"]
    content = HprofContent(
        data,
        facts["id_bytes"],
        arrays["offsets"],
        arrays["class_index"],
        arrays["class_rows"][:class_objects],
        arrays["field_rows"],
        arrays["super_index"],
        facts["class_names"],
        facts["field_names"],
        lookup,
    )
    classes = ClassTable(
        tuple(facts["class_names"]), arrays["super_index"], arrays["loader"], class_objects
    )
    rows = arrays["roots"]
    roots = pl.DataFrame(
        {
            "object": pl.Series(rows[:, 0].astype(np.int32)),
            "kind": pl.Series([root_name(tag) for tag in rows[:, 1].tolist()], dtype=pl.String),
            "thread_serial": pl.Series(rows[:, 2].copy()),
            "frame_number": pl.Series(rows[:, 3].copy()),
            "holder": pl.Series(rows[:, 4].astype(np.int32)),
        }
    )
    return HeapGraph(
        facts=HeapFacts(
            name=name,
            format=facts["format"],
            id_bytes=facts["id_bytes"],
            file_bytes=facts["content_bytes"],
            read_bytes=facts["read_bytes"],
            created_ms=facts["created_ms"],
            dumps=facts["dumps"],
            layout=facts["layout"],
            has_presumed_roots=bool(facts["presumed_roots"]),
            notes=tuple(facts["notes"]),
        ),
        classes=classes,
        class_index=arrays["class_index"],
        shallow_units=arrays["shallow"],
        retained_units=arrays["retained"],
        unit_bytes=facts["unit_bytes"],
        begin=arrays["begin"],
        targets=arrays["targets"],
        weak_source=arrays["weak_source"],
        weak_target=arrays["weak_target"],
        dominator=arrays["dominator"],
        reach=arrays["reach"],
        addresses=Addresses(
            data,
            arrays["offsets"],
            facts["id_bytes"],
            arrays["class_rows"][:class_objects, hprof_classes.ADDRESS],
        ),
        roots=roots,
        threads=_threads(content, rows, facts),
        frames=pl.DataFrame(facts["frames"], schema=names_of.FRAMES),
        damage=damage_table(
            DamageRow(name, row[1], row[2], offset=row[3]) for row in facts["damage"]
        )
        if facts["damage"]
        else pl.DataFrame(schema=DAMAGE),
        content=content,
    )


def _threads(content: HprofContent, rows: NDArray[np.int64], facts: dict[str, Any]) -> pl.DataFrame:
    """Return one row a thread root: its object, name and stack."""
    stacks = dict(facts["traces"])
    started = {row[0]: row[1:] for row in facts["started_threads"]}
    out = []
    for ordinal, tag, serial, trace, _ in rows.tolist():
        if tag != GC_ROOT_THREAD_OBJ:
            continue
        known = started.get(serial)
        name = known[1] if known else _thread_name(content, ordinal)
        out.append((serial, ordinal, name, stacks.get(serial, trace)))
    return pl.DataFrame(out, schema=names_of.THREADS, orient="row")


def _thread_name(content: HprofContent, ordinal: int) -> str | None:
    """Return the ``name`` field of a thread: a string, or characters before JDK 8."""
    try:
        slots = {f.name: f.value for f in content.fields(ordinal)}
        holder = slots.get("name", -1)
        if not isinstance(holder, int) or holder < 0:
            return None
        if content.array_length(holder) >= 0:
            return content.array(holder).astype("<u2").tobytes().decode("utf-16-le", "replace")
        return content.text(holder)
    except UsageError:
        return None


def map_content(source: Source, folder: Path | None) -> tuple[Bytes, list[list[Any]]]:
    """Map a dump, unpacked into the cache (or an unlinked file) if it is packed."""
    if source.compression == "none":
        return _map(source.path), []
    if folder is None:
        with tempfile.TemporaryFile() as stream:
            damage = unpack(source, stream)
            return _map_stream(stream), damage
    content = folder.parent / f"{folder.name}.content"
    if not content.exists():
        content.parent.mkdir(parents=True, exist_ok=True)
        handle, building = tempfile.mkstemp(dir=content.parent)
        try:
            with os.fdopen(handle, "w+b") as stream:
                damage = unpack(source, stream)
            Path(building).rename(content)
        except BaseException:
            Path(building).unlink(missing_ok=True)
            raise
        return _map(content), damage
    return _map(content), []


def _map(path: Path) -> Bytes:
    with path.open("rb") as stream:
        return _map_stream(stream)


def _map_stream(stream: Any) -> Bytes:
    size = os.fstat(stream.fileno()).st_size
    if size == 0:
        return np.empty(0, np.uint8)
    mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, np.uint8)
