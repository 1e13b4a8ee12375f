"""A V8 heap snapshot to the arrays of a heap graph."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.errors import TruncatedEvidenceError
from forensics.heap import store
from forensics.heap.graph import ClassTable, HeapFacts, HeapGraph
from forensics.heap.retention import References, compute_retention
from forensics.kernels import v8_scan as kernel
from forensics.kernels._types import Bytes, Ints, Offsets
from forensics.kernels.folding import count_referrers, mark_all_seen
from forensics.readers._contract import DamageRow, damage_table
from forensics.readers._source import Source
from forensics.readers.heap import _hprof_names as names_of
from forensics.readers.heap._open import map_content
from forensics.readers.heap._v8_content import V8Content
from forensics.readers.heap._v8_sections import Sections, read_sections
from forensics.tables import DAMAGE

#: Classes of nodes whose name is a value or a place, as Chrome DevTools calls them.
_BY_TYPE: Final = {
    "hidden": "(system)",
    "array": "(array)",
    "string": "(string)",
    "code": "(compiled code)",
    "closure": "Function",
    "regexp": "RegExp",
    "number": "(number)",
    "concatenated string": "(concatenated string)",
    "sliced string": "(sliced string)",
    "symbol": "(symbol)",
    "bigint": "(bigint)",
    "object shape": "(object shape)",
}

#: No address space is larger; sums of larger sizes would overflow.
_LARGEST: Final = 1 << 48

_ROOTS: Final = pl.Schema(
    {
        "object": pl.Int32(),
        "kind": pl.String(),
        "thread_serial": pl.Int64(),
        "frame_number": pl.Int64(),
        "holder": pl.Int32(),
    }
)


def open_v8(source: Source, *, cache: Path | None = None) -> HeapGraph:
    """Open a V8 heap snapshot; see ``forensics.open_heap``."""
    with source.open_raw():
        pass
    folder = None
    if cache is not None:
        folder = cache / "heap" / f"{store.fingerprint(source.path)}-v8"
    data, damage = map_content(source, folder)
    found = store.load_index(folder) if folder is not None else None
    if found is None or found[1]["file_bytes"] != source.path.stat().st_size:
        with store.IndexWriter(folder) as writer:
            facts = _build(data, source.name, writer)
            facts["damage"] = [*damage, *facts["damage"]]
            facts["file_bytes"] = source.path.stat().st_size
            found = writer.finish(facts)
    return _assemble(data, *found, source.name)


def _build(data: Bytes, name: str, writer: store.IndexWriter) -> dict[str, Any]:
    sections = read_sections(data, name)
    if sections.kind.size == 0:
        raise TruncatedEvidenceError(
            name, "no node", expected="at least the root", way_out="take the snapshot again"
        )
    node_types = sections.types("node")
    strings = writer.keep("strings", sections.strings)
    class_index, class_names = _classify(data, sections, strings)
    class_index = writer.keep("class_index", class_index)
    for key in ("kind", "name", "detached", "locations"):
        writer.keep(key, getattr(sections, key))
    writer.keep("addresses", sections.numbers[0].copy())
    size = np.clip(sections.numbers[1], 0, _LARGEST)
    total = int(size.sum())
    shallow = writer.keep("shallow", size if total >> 32 else size.astype(np.uint32))
    edges = sections.edge_kind.size
    all_begin = np.zeros(sections.kind.size + 1, np.int64)
    # A count beyond all edges is a lie, and some of them would overflow the sum.
    np.cumsum(np.clip(sections.numbers[2], 0, edges), out=all_begin[1:])
    np.minimum(all_begin, edges, out=all_begin)
    sections.numbers = np.empty((3, 0), np.int64)
    dangling = _keep_edges(sections, all_begin, writer)
    kept = writer.arrays
    retention = compute_retention(
        _references(kept, class_index, len(class_names)),
        shallow,
        np.zeros(1, np.int32),
        np.unique(kept["weak_target"]),
    )
    writer.keep("dominator", retention.dominator)
    writer.keep("retained", retention.retained)
    writer.keep("reach", retention.reach)
    notes = []
    if dangling:
        notes.append(f"{dangling:,} edges lead to nodes that the snapshot lacks.")
    return {
        "content_bytes": int(data.size),
        "read_bytes": sections.read_bytes,
        "notes": notes,
        "damage": [[r.path, r.what, r.action, r.offset] for r in sections.damage],
        "class_names": class_names,
        "node_types": node_types,
        "edge_types": sections.types("edge"),
    }


def _classify(
    data: Bytes, sections: Sections, strings: NDArray[np.int64]
) -> tuple[Ints, list[str]]:
    """Return the class of each node and the names: constructors, else the type of node."""
    types = sections.types("node")
    named = [i for i, name in enumerate(types) if name not in _BY_TYPE]
    is_named = np.isin(sections.kind, named)
    used, place = np.unique(sections.name[is_named], return_inverse=True)
    lookup = V8Content.string
    reader = _string_reader(data, strings)
    texts = [lookup(reader, int(index)) for index in used]
    names = list(dict.fromkeys([*(_BY_TYPE.get(t, t) for t in types), *map(_collapse, texts)]))
    number = {name: i for i, name in enumerate(names)}
    of_type = np.array([number[_BY_TYPE.get(t, t)] for t in types] + [0], np.int32)
    class_index = of_type[np.minimum(sections.kind, len(types))]
    of_text = np.array([number[_collapse(text)] for text in texts], np.int32)
    class_index[is_named] = of_text[place] if texts else 0
    return class_index, names


def _string_reader(data: Bytes, strings: NDArray[np.int64]) -> V8Content:
    none, numbers = np.empty(0, np.uint8), np.empty(0, np.int32)
    begin, places = np.zeros(1, np.int64), np.empty((4, 0), np.int64)
    return V8Content(
        data, (), (), none, numbers, none, begin, none, numbers, numbers, places, strings
    )


def _collapse(name: str) -> str:
    """Return a constructor's name; elements lose their attributes: ``<div id=x>`` is ``<div>``."""
    if name.startswith("<") and " " in name:
        return name.split(" ", 1)[0] + ">"
    return name or "(root)"


def _keep_edges(sections: Sections, all_begin: Offsets, writer: store.IndexWriter) -> int:
    """Split edges into those that retain and those that don't; return how many lead nowhere."""
    kinds = sections.types("edge")
    weak = kinds.index("weak") if "weak" in kinds else -1
    shortcut = kinds.index("shortcut") if "shortcut" in kinds else -1
    all_begin = writer.keep("all_begin", all_begin)
    edge_kind = writer.keep("edge_kind", sections.edge_kind)
    target = writer.keep("edge_target", sections.edge_target)
    writer.keep("edge_label", sections.edge_label)
    sections.edge_kind = np.empty(0, np.uint8)
    sections.edge_target = sections.edge_label = np.empty(0, np.int32)
    edges = target.size
    begin = np.zeros(all_begin.size, np.int64)
    kept = np.empty(edges, np.int32)
    weak_rows = np.empty((2, int(np.isin(edge_kind, [weak, shortcut]).sum())), np.int32)
    count, weak_count, dangling = kernel.split_edges(
        all_begin, edge_kind, target, weak, shortcut, begin, kept, weak_rows[0], weak_rows[1]
    )
    writer.keep("begin", begin)
    writer.keep("targets", kept[:count])
    writer.keep("weak_source", weak_rows[0, :weak_count])
    writer.keep("weak_target", weak_rows[1, :weak_count])
    return int(dangling)


def _references(kept: Mapping[str, NDArray[Any]], class_index: Ints, classes: int) -> References:
    seen = np.zeros(class_index.size // 32 + 1, np.uint64)
    holder = np.zeros(class_index.size, np.int32)
    count_referrers(kept["begin"], kept["targets"], seen, holder)
    for _ in range(2):  # what a search starts from is numbered in any case
        mark_all_seen(seen, np.zeros(1, np.int32))
        mark_all_seen(seen, kept["weak_target"])
    no_class_object = np.full(classes, -1, np.int32)
    return References(kept["begin"], kept["targets"], class_index, no_class_object, seen, holder)


def _assemble(
    data: Bytes, arrays: dict[str, NDArray[Any]], facts: dict[str, Any], name: str
) -> HeapGraph:
    content = V8Content(
        data,
        tuple(facts["node_types"]),
        tuple(facts["edge_types"]),
        arrays["kind"],
        arrays["name"],
        arrays["detached"],
        arrays["all_begin"],
        arrays["edge_kind"],
        arrays["edge_label"],
        arrays["edge_target"],
        arrays["locations"],
        arrays["strings"],
    )
    classes = len(facts["class_names"])
    none = np.full(classes, -1, np.int32)
    rows = [DamageRow(name, row[1], row[2], offset=row[3]) for row in facts["damage"]]
    return HeapGraph(
        facts=HeapFacts(
            name=name,
            format="v8 heapsnapshot",
            id_bytes=4,
            file_bytes=facts["content_bytes"],
            read_bytes=facts["read_bytes"],
            created_ms=0,
            dumps=1,
            layout="sizes of the snapshot",
            has_presumed_roots=False,
            notes=tuple(facts["notes"]),
        ),
        classes=ClassTable(tuple(facts["class_names"]), none, none, 0),
        class_index=arrays["class_index"],
        shallow_units=arrays["shallow"],
        retained_units=arrays["retained"],
        unit_bytes=1,
        begin=arrays["begin"],
        targets=arrays["targets"],
        weak_source=arrays["weak_source"],
        weak_target=arrays["weak_target"],
        dominator=arrays["dominator"],
        reach=arrays["reach"],
        addresses=arrays["addresses"],
        roots=pl.DataFrame([(0, "root", -1, -1, -1)], schema=_ROOTS, orient="row"),
        threads=pl.DataFrame(schema=names_of.THREADS),
        frames=pl.DataFrame(schema=names_of.FRAMES),
        damage=damage_table(rows) if rows else pl.DataFrame(schema=DAMAGE),
        content=content,
    )
