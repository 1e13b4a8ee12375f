"""Piles that the dominator tree doesn't show: finalizers, native buffers, threads' stacks."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

import numpy as np
import polars as pl

from forensics.heap.buffers import list_direct_buffers
from forensics.heap.finalizers import find_waiting
from forensics.heap.graph import HeapGraph
from forensics.heap.meaning import Meaning
from forensics.heap.paths import describe_holders, find_root_path, find_thread
from forensics.kernels._types import Ints

#: So many live threads of one name are a leak whatever they hold: each has a stack.
_THREADS: Final = 1000
#: Native memory of buffers counts from here on, and if it is as much as the heap.
_NATIVE_BYTES: Final = 32 << 20
_DIGITS: Final = re.compile(r"\d+")


def find_elsewhere(
    graph: HeapGraph, meaning: Meaning, share: float, known: set[str]
) -> list[dict[str, object]]:
    """Return rows of ``SUSPECTS`` for what the tree of strong references can't show.

    ``finalizers``: objects that only wait for their finalizer, with ``share`` of all that
    can't be freed. ``native``: direct buffers that own 32 MiB and as much as the heap.
    ``threads``: 1000 live threads of one name but for its digits. ``share`` is of the heap and
    what was found together. ``known`` are the classes of suspects found already.
    """
    is_thread = graph.find_subclasses("java.lang.Thread")
    rows = [_find_finalizers(graph, share), _find_native(graph, meaning)]
    if not any(is_thread[graph.find_class(name)].any() for name in known):
        rows.append(_find_threads(graph))
    return [row for row in rows if row is not None]


def _find_finalizers(graph: HeapGraph, share: float) -> dict[str, object] | None:
    waiting = find_waiting(graph)
    if waiting.size == 0:
        return None
    held = int(graph.retained_bytes(waiting).sum())
    of_all = held / max(held + graph.held_bytes, 1)
    if of_all < share:
        return None
    name, count = _most_common(graph.class_name(o) for o in waiting.tolist())
    finalizer = graph.threads.filter(pl.col("name") == "Finalizer")
    thread, stack = None, None
    if finalizer.height:
        thread = "Finalizer"
        frames = graph.frames.filter(pl.col("stack") == finalizer["stack"][0]).sort("depth")
        stack = frames["method"].to_list()
    row = _row(graph, "finalizers", name, waiting, held)
    return row | {
        "share": of_all,
        "summary": f"{waiting.size:,} objects wait for their finalizer, {count:,} of them {name}: "
        f"{of_all:.0%} of what can't be freed",
        "held_by": ["system class", "java.lang.ref.Finalizer.referent"],
        "piled": count,
        "thread": thread,
        "stack": stack,
    }


def _find_native(graph: HeapGraph, meaning: Meaning) -> dict[str, object] | None:
    buffers = list_direct_buffers(graph)
    is_own = pl.col("holder_class").str.replace("^class ", "").is_in(meaning.names)
    is_native = (pl.col("origin") == "native") & is_own  # libraries that allocate by themselves
    buffers = buffers.filter((pl.col("origin") == "allocated") | is_native)
    held = int(buffers["capacity_bytes"].sum())
    if held < max(_NATIVE_BYTES, graph.held_bytes):
        return None
    ordinals = buffers["index"].to_numpy()
    path = find_root_path(graph, int(ordinals[0]))
    owner = meaning.name_owner(path)
    name, count = _most_common(buffers["class"].to_list())
    row = _row(graph, "native", name, ordinals, held)
    of_all = held / (held + graph.held_bytes)
    return row | {
        "share": of_all,
        "summary": f"{count:,} {name} own {held:,} bytes of native memory"
        + (f", the largest in {owner}" if owner else ""),
        "held_by": describe_holders(graph, path),
        "owner": owner,
        "piled": count,
    }


def _find_threads(graph: HeapGraph) -> dict[str, object] | None:
    if graph.threads.height < _THREADS:
        return None
    names = [_DIGITS.sub("#", name or "") for name in graph.threads["name"].to_list()]
    name, count = _most_common(names)
    if count < _THREADS:
        return None
    is_one = pl.Series([n == name for n in names])
    ordinals = graph.threads.filter(is_one)["object"].to_numpy()
    held = int(graph.retained_bytes(ordinals).sum())
    thread, stack = find_thread(graph, (int(ordinals[0]),))
    row = _row(graph, "threads", graph.class_name(int(ordinals[0])), ordinals, held)
    return row | {
        "summary": f"{count:,} live threads called {name!r}: each has a stack outside the heap",
        "held_by": ["thread"],
        "piled": count,
        "thread": thread,
        "stack": stack,
    }


def _row(
    graph: HeapGraph, kind: str, name: str, ordinals: Ints, held_bytes: int
) -> dict[str, object]:
    largest = int(ordinals[np.argmax(graph.retained_bytes(ordinals))])
    return {
        "kind": kind,
        "class": name,
        "index": largest,
        "address": f"0x{int(graph.addresses[largest]):x}",
        "instances": int(ordinals.size),
        "retained_bytes": held_bytes,
        "share": held_bytes / max(graph.held_bytes, 1),
        "piles_up": name,
        "owner": None,
        "contents": [],
        "limit": None,
        "thread": None,
        "stack": None,
    }


def _most_common(names: object) -> tuple[str, int]:
    return Counter(names).most_common(1)[0]  # type: ignore[call-overload, no-any-return]  # str
