"""Heap dump formats: one file each. ``open_heap`` is the door for notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from forensics.errors import UnsupportedError
from forensics.places import default_cache

if TYPE_CHECKING:
    from forensics.heap.graph import HeapGraph
    from forensics.readers.heap._histogram import HeapHistogram

__all__ = ["count_heap", "open_heap", "warm"]


def open_heap(
    path: str | Path,
    *,
    cache: str | Path | Literal[False] | None = None,
    sizes: Literal["jvm", "raw"] = "jvm",
    dump: int = -1,
) -> HeapGraph:
    """Open a heap dump and return its graph.

    The first time, the dump is read twice, dominators are computed and an index is written;
    later the index is mapped, which is immediate. A damaged or truncated dump gives the graph
    of all that comes before the damage, with rows in ``graph.damage``.

    Parameters
    ----------
    path
        HPROF 1.0.1 to 1.0.3 or a V8 heap snapshot, plain, gzip or zstd.
    cache
        Folder of the index; ``FORENSICS_CACHE`` or the user's cache folder unless given.
        ``False`` keeps everything in memory.
    sizes
        ``jvm``: sizes in the memory of the machine that wrote the dump, its object layout
        inferred. ``raw``: bytes of the values in the dump.
    dump
        Which of several dumps in one file; the last unless given. Like ``sizes``, for HPROF.

    Raises
    ------
    EvidenceError
        If the file is no heap dump or holds no object.
    UnsupportedError
        If the HPROF version is unknown.
    UsageError
        If an argument isn't allowed.

    Examples
    --------
    >>> graph = open_heap("heap.hprof")  # doctest: +SKIP
    >>> count_classes(graph).head()  # doctest: +SKIP
    """
    from forensics.readers._source import Source  # noqa: PLC0415  # numba loads late
    from forensics.readers.heap._open import open_hprof  # noqa: PLC0415  # same
    from forensics.readers.heap._v8_build import open_v8  # noqa: PLC0415  # same
    from forensics.readers.heap.v8 import sniff  # noqa: PLC0415  # same

    folder = default_cache() if cache is None else cache
    kept = None if folder is False else Path(folder)
    source = Source(Path(path))
    if sniff(source.head()):
        return open_v8(source, cache=kept)
    return open_hprof(source, cache=kept, sizes=sizes, dump=dump)


def count_heap(
    path: str | Path, *, sizes: Literal["jvm", "raw"] = "jvm", dump: int = -1
) -> HeapHistogram:
    """Count instances and bytes by class without building a graph.

    A small part of the cost of ``open_heap``: no index is written, nothing is known of who holds
    whom. Arguments and errors are those of ``open_heap``.
    """
    from forensics.readers._source import Source  # noqa: PLC0415  # numba loads late
    from forensics.readers.heap import _histogram  # noqa: PLC0415  # same
    from forensics.readers.heap.v8 import sniff  # noqa: PLC0415  # same

    source = Source(Path(path))
    if sniff(source.head()):
        raise UnsupportedError(
            f"{source.name}: only HPROF dumps are counted without a graph; open the V8 snapshot"
        )
    return _histogram.count_heap(source, sizes=sizes, dump=dump)


def warm() -> None:
    """Compile all kernels of the heap engine into numba's cache; seconds if none is yet."""
    from forensics.readers.heap._warm import warm as compile_all  # noqa: PLC0415  # numba loads late

    compile_all()
