"""Resources that were not given back: what they are, who holds them, what state they are in.

Found by supertype (the interfaces of the platform can't be seen in a dump, which stores
superclasses only, so abstract base classes, field shape and name endings stand in for them):

==========  =================================================================================
connection  a pool entry, or a class that ends in ``Connection`` and has state of its own
statement   a class that ends in ``Statement`` or ``ResultSet``
socket      ``java.net.Socket``, ``ServerSocket`` and subclasses; ``*SocketImpl``
stream      ``java.io.InputStream``, ``OutputStream``, ``Reader``, ``Writer`` on a descriptor
file        ``java.io.FileDescriptor`` with a number, ``RandomAccessFile``, ``*FileChannel*``
channel     ``java.nio.channels.spi.AbstractInterruptibleChannel`` and subclasses
thread      ``java.lang.Thread`` and subclasses
executor    ``java.util.concurrent.AbstractExecutorService`` and subclasses, ``Timer``
buffer      ``java.nio.Buffer`` with native memory that it owns
pool entry  a field that refers to a resource, beside state or time stamps of last use
==========  =================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.errors import UsageError
from forensics.heap._borrowers import name_borrowers
from forensics.heap.graph import STRONG, FieldValue, HeapGraph
from forensics.heap.paths import describe_holders, find_root_path
from forensics.kernels._types import Flags, Ints

RESOURCES: Final = pl.Schema(
    {
        "kind": pl.String(),
        "class": pl.String(),
        "index": pl.Int32(),
        "address": pl.String(),
        "state": pl.String(),
        "fields": pl.List(pl.Struct({"name": pl.String(), "value": pl.String()})),
        "unused_s": pl.Float64(),
        "thread": pl.String(),
        "holder": pl.Int32(),
        "holder_class": pl.String(),
        "retained_bytes": pl.Int64(),
    }
)
GROUPS: Final = pl.Schema(
    {
        "kind": pl.String(),
        "class": pl.String(),
        "state": pl.String(),
        "instances": pl.Int64(),
        "retained_bytes": pl.Int64(),
        "longest_unused_s": pl.Float64(),
        "holder_class": pl.String(),
        "held_by": pl.List(pl.String()),
    }
)

_BY_BASE: Final = (
    ("socket", ("java.net.Socket", "java.net.ServerSocket", "java.net.SocketImpl")),
    ("file", ("java.io.RandomAccessFile",)),
    ("channel", ("java.nio.channels.spi.AbstractInterruptibleChannel",)),
    ("thread", ("java.lang.Thread",)),
    ("executor", ("java.util.concurrent.AbstractExecutorService", "java.util.Timer")),
    (
        "stream",
        ("java.io.FileInputStream", "java.io.FileOutputStream", "java.io.Reader", "java.io.Writer"),
    ),
    ("buffer", ("java.nio.MappedByteBuffer",)),
)
#: The last word of a class's simple name, for types that only interfaces unite.
_BY_NAME: Final = (
    ("connection", re.compile(r"Connection(?:Impl)?\d*$")),
    ("statement", re.compile(r"(?:Statement|ResultSet)(?:Impl)?\d*$")),
    ("socket", re.compile(r"SocketImpl$")),
)
#: Names that libraries give to the state of what is lent: whole names or their ends.
_STATE: Final = re.compile(
    r"^(?:is)?_?(?:state|status|in_?use|closed?|open|opened|active|borrowed|returned|evict\w*|"
    r"broken|valid|disposed|released|shutdown|terminated|autocommit|cleanup_?finished|ctl)$",
    re.IGNORECASE,
)
_USED_AT: Final = re.compile(
    r"^(?:last_?)?(?:access(?:ed)?|borrow(?:ed)?|use[d]?|check_?out|lease[d]?|acquire[d]?|"
    r"active|return(?:ed)?|touched)(?:_?(?:at|on|time|timestamp|instant|millis|nanos?|time_?ms))?$",
    re.IGNORECASE,
)
_OWNER: Final = re.compile(r"(?:^|_)(?:owner|thread|borrower|holder)(?:thread)?$", re.IGNORECASE)
_LENT: Final = ("connection", "statement", "socket", "channel", "stream")
_WALL_MS: Final = 30 * 86_400_000
_MAX_ROWS: Final = 10_000


def find_resources(graph: HeapGraph, *, kinds: Iterable[str] | None = None) -> pl.DataFrame:
    """Return each resource that a GC root holds: one row an object, by kind and class.

    ``state`` is decoded from what the object (or the pool entry around it) says: ``closed``,
    ``open``, ``in use``, ``idle``, or ``unknown``. ``fields`` lists the state fields it was
    decoded from. ``unused_s`` is the time since the last use that a field tells: until the
    dump if it is a stamp of the wall clock, else (``System.nanoTime``) until the newest such
    stamp of all resources, which is a lower bound. ``thread`` is the name of the thread that a
    field names as owner, or that alone works with it (``_borrowers``). ``holder`` is the immediate
    dominator; where it is the virtual root, ``holder_class`` tells a GC root from several holders.
    At most 10 000 rows a class are described; ``summarise_resources`` counts the same.
    """
    wanted = set(kinds) if kinds is not None else None
    found = _classify(graph)
    names = _thread_names(graph)
    rows: list[dict[str, object]] = []
    for index, kind in sorted(found.items()):
        members = graph.instances(index)
        is_held = (graph.reach[members] == STRONG) & (members >= graph.classes.object_count)
        rows.extend(
            row
            for ordinal in members[is_held][:_MAX_ROWS].tolist()
            if (row := _describe(graph, ordinal, kind, names)) is not None
        )
    name_borrowers(graph, rows, names)
    _measure_disuse(rows, graph.facts.created_ms)
    at_roots = set(graph.roots.filter(pl.col("holder") < 0)["object"].to_list())
    for row in rows:
        if row["holder"] == -1 and row["index"] in at_roots:
            row["holder_class"] = "GC root"
    if wanted is not None:
        rows = [row for row in rows if row["kind"] in wanted]
    return pl.DataFrame(rows, schema=RESOURCES, orient="row").sort(
        ["kind", "class", "retained_bytes", "index"], descending=[False, False, True, False]
    )


def summarise_resources(graph: HeapGraph) -> pl.DataFrame:
    """Return resources by kind, class and state, most numerous first.

    ``held_by`` is the path from a GC root to the one that retains most.
    """
    each = find_resources(graph)
    groups = (
        each.group_by("kind", "class", "state", maintain_order=True)
        .agg(
            pl.len().cast(pl.Int64).alias("instances"),
            pl.col("retained_bytes").sum(),
            pl.col("unused_s").max().alias("longest_unused_s"),
            pl.col("holder_class").mode().sort().first(),
            pl.col("index").first(),
        )
        .sort(["instances", "kind", "class"], descending=[True, False, False])
    )
    held = [describe_holders(graph, find_root_path(graph, o)) for o in groups["index"].to_list()]
    column = pl.Series("held_by", held, dtype=pl.List(pl.String))
    return groups.with_columns(column).select(GROUPS.names()).cast(GROUPS)


def _classify(graph: HeapGraph) -> dict[int, str]:
    """Return the kind of each class that is a resource; pool entries by their fields."""
    kind_of: dict[int, str] = {}
    for kind, bases in _BY_BASE:
        for base in bases:
            for index in np.flatnonzero(graph.find_subclasses(base)).tolist():
                kind_of.setdefault(index, kind)
    for index, name in enumerate(graph.classes.names):
        simple = name.rsplit(".", 1)[-1].rsplit("$", 1)[-1]
        for kind, pattern in _BY_NAME:
            if index not in kind_of and pattern.search(simple):
                kind_of[index] = kind
    populated: Flags = np.zeros(len(graph.classes), np.bool_)
    populated[np.unique(graph.class_index[graph.classes.object_count :])] = True
    lent = np.zeros(len(graph.classes), np.bool_)
    lent[[index for index, kind in kind_of.items() if kind in _LENT]] = True
    for index in np.flatnonzero(populated).tolist():
        if index not in kind_of and _is_pool_entry(graph, index, lent):
            kind_of[index] = "pool entry"
    return {index: kind for index, kind in kind_of.items() if populated[index]}


def _is_pool_entry(graph: HeapGraph, class_index: int, lent: Flags) -> bool:
    """Say whether instances refer to a lent resource beside state and a stamp of last use."""
    members = graph.instances(class_index)
    first = int(members[members >= graph.classes.object_count][:1].sum())
    fields = _fields(graph, first)
    has_state = any(_STATE.match(f.name) and not f.is_reference for f in fields)
    has_stamp = any(_USED_AT.match(f.name) and f.type == "long" for f in fields)
    if not (has_state and has_stamp):
        return False
    targets = [int(f.value) for f in fields if f.is_reference and int(f.value) >= 0]
    return any(bool(lent[graph.class_index[target]]) for target in targets)


def _describe(
    graph: HeapGraph, ordinal: int, kind: str, threads: dict[int, str | None]
) -> dict[str, object] | None:
    fields = _fields(graph, ordinal)
    if kind == "buffer" and not _owns_memory(fields):
        return None
    holder = int(graph.dominator[ordinal])
    notable = [f for f in fields if _STATE.match(f.name) or _USED_AT.match(f.name)]
    owner = next((int(f.value) for f in fields if f.is_reference and _OWNER.search(f.name)), -1)
    one = np.array([ordinal], np.int32)
    return {
        "kind": kind,
        "class": graph.class_name(ordinal),
        "index": ordinal,
        "address": f"0x{int(graph.addresses[ordinal]):x}",
        "state": _state(graph, kind, fields),
        "fields": [{"name": f.name, "value": _shown(graph, f)} for f in notable],
        "unused_s": _last_use(fields),
        "thread": threads.get(ordinal) if kind == "thread" else threads.get(owner),
        "holder": holder,
        "holder_class": graph.label(holder) if holder >= 0 else "several holders",
        "retained_bytes": int(graph.retained_bytes(one)[0]),
    }


def _state(graph: HeapGraph, kind: str, fields: list[FieldValue]) -> str:
    """Decode the state; a number needs its library's meaning, truth values speak."""
    closed: bool | None = None
    for f in fields:
        name = f.name.lower().lstrip("_").removeprefix("is")
        if kind == "pool entry" and name in ("state", "status") and f.type == "int":
            # The sign of a bag's state is a convention of concurrent pools: 0 is idle,
            # positive lent, negative removed or reserved.
            number = int(f.value)
            return "idle" if number == 0 else "in use" if number > 0 else "removed"
        if f.type == "boolean" and name in ("inuse", "in_use", "borrowed", "active", "leased"):
            return "in use" if f.value else "idle"
        if f.type == "boolean" and name in ("closed", "close", "released", "disposed"):
            closed = bool(f.value)
        if f.type == "boolean" and name in ("open", "opened"):
            closed = not f.value
    if closed is None:
        closed = _closed_below(graph, kind, fields)
    return "unknown" if closed is None else "closed" if closed else "open"


def _closed_below(graph: HeapGraph, kind: str, fields: list[FieldValue]) -> bool | None:
    """Read what platform classes say through a number: thread status, descriptor, executor."""
    slots = {f.name: f for f in fields}
    holder = slots.get("holder")
    if kind == "thread":
        at = holder if holder is not None and holder.is_reference else None
        inner = {f.name: f for f in _fields(graph, int(at.value))} if at is not None else slots
        status = inner.get("threadStatus")
        # JVMTI thread state: 0 is new, bit 1 is set once it ended.
        return None if status is None else bool(int(status.value) & 2)
    if kind == "executor" and "ctl" in slots and slots["ctl"].is_reference:
        ctl = {f.name: f.value for f in _fields(graph, int(slots["ctl"].value))}
        # ThreadPoolExecutor keeps its run state in the upper three bits: negative is running.
        return None if "value" not in ctl else int(ctl["value"]) >= 0
    descriptor = slots.get("fd")
    if descriptor is not None and descriptor.is_reference and int(descriptor.value) >= 0:
        inner_fd = {f.name: f.value for f in _fields(graph, int(descriptor.value))}
        return None if "fd" not in inner_fd else int(inner_fd["fd"]) < 0
    return None


def _last_use(fields: list[FieldValue]) -> int | None:
    """Return the latest stamp of use, as it is."""
    stamps = [int(f.value) for f in fields if f.type == "long" and _USED_AT.match(f.name)]
    return max((stamp for stamp in stamps if stamp > 0), default=None)


def _measure_disuse(rows: list[dict[str, object]], created_ms: int) -> None:
    """Turn stamps into seconds, in place.

    A stamp is of the wall clock if it lies in the 30 days before the dump: to a counter of
    nanoseconds those are 2.6 seconds of its whole life.
    """
    stamps = [row["unused_s"] for row in rows if isinstance(row["unused_s"], int)]
    first_ms, last_ms = created_ms - _WALL_MS, created_ms + 3_600_000
    newest_ns = max((s for s in stamps if not first_ms < s < last_ms), default=0)
    for row in rows:
        stamp = row["unused_s"]
        if isinstance(stamp, int):
            is_wall = first_ms < stamp < last_ms
            row["unused_s"] = (created_ms - stamp) / 1e3 if is_wall else (newest_ns - stamp) / 1e9


def _owns_memory(fields: list[FieldValue]) -> bool:
    """Tell a buffer with memory of its own from a slice, which refers to it through ``att``."""
    slots = {f.name: f.value for f in fields}
    return int(slots.get("address", 0)) != 0 and int(slots.get("att", -1)) < 0


def _shown(graph: HeapGraph, f: FieldValue) -> str:
    if not f.is_reference:
        return str(f.value)
    target = int(f.value)
    return "null" if target < 0 else f"{graph.label(target)}#{target}"


def _fields(graph: HeapGraph, ordinal: int) -> list[FieldValue]:
    try:
        return graph.fields(ordinal) if ordinal >= 0 else []
    except UsageError:
        return []


def _thread_names(graph: HeapGraph) -> dict[int, str | None]:
    objects: NDArray[np.int32] | Ints = graph.threads["object"].to_numpy()
    return dict(zip(objects.tolist(), graph.threads["name"].to_list(), strict=True))
