"""Padding against false sharing (``@Contended``), which a dump doesn't tell.

HotSpot puts ``ContendedPaddingWidth`` bytes before each group of contended fields and after
the last one [1]_: at least twice 128 bytes, inherited by subclasses. A class is taken for
padded if no instance of it or of a subclass leaves less room, and some leave exactly that.

References
----------
.. [1] OpenJDK, ``fieldLayoutBuilder.cpp``, ``compute_regular_layout``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from forensics.kernels._types import Longs

#: One group of contended fields, two, three.
_PADDINGS: Final = (256, 384, 512)
_UNSEEN: Final = 1 << 40


def find_padded(
    ends: Longs,
    super_index: NDArray[np.int32],
    gaps: Longs,
    *,
    declares: Sequence[bool],
    align_bytes: int,
    witnesses: int,
) -> dict[int, int]:
    """Return the padding in bytes of each class that is padded.

    Parameters
    ----------
    ends : array of int64, shape (classes,)
        Predicted instance sizes without padding, unaligned.
    gaps : array of int64, shape (classes, 3)
        Smallest distance, how often, how many in all.
    declares
        By class, whether it declares fields of its own: only such a class can be padded.
    witnesses
        How many instances of the class and its subclasses must have exactly that size.
    """
    excess = np.where(gaps[:, 2] > 0, gaps[:, 0] - _round_up(ends, align_bytes), _UNSEEN)
    least = _least_below(excess, super_index)
    padded: dict[int, int] = {}
    is_wide = (least >= _PADDINGS[0] - 8) & (least < _UNSEEN)
    for top in np.flatnonzero(is_wide).tolist():
        parent = int(super_index[top])
        if not declares[top] or (parent >= 0 and is_wide[parent] and declares[parent]):
            continue
        members = [c for c in _below(top, super_index) if gaps[c, 2] > 0]
        for padding in reversed(_PADDINGS):
            moved = _round_up(_round_up(ends[top], 8) + padding + ends[members] - ends[top], 8)
            moved = _round_up(moved, align_bytes)
            exact = moved == gaps[members, 0]
            if (moved <= gaps[members, 0]).all() and gaps[members, 1][exact].sum() >= witnesses:
                padded[top] = padding
                break
    return padded


def _round_up(sizes: Longs, align_bytes: int) -> Longs:
    rounded: Longs = -(-sizes // align_bytes) * align_bytes
    return rounded


def _least_below(excess: Longs, super_index: NDArray[np.int32]) -> Longs:
    """Return by class the smallest excess of it and all its subclasses."""
    least = excess.copy()
    child = np.flatnonzero(super_index >= 0)
    while True:
        before = least.copy()
        np.minimum.at(least, super_index[child], before[child])
        if np.array_equal(before, least):
            return least


def _below(top: int, super_index: NDArray[np.int32]) -> list[int]:
    """Return ``top`` and all its subclasses."""
    found = np.zeros(super_index.size, np.bool_)
    found[top] = True
    while True:
        more = found | ((super_index >= 0) & found[super_index])
        if np.array_equal(more, found):
            return [int(c) for c in np.flatnonzero(found)]
        found = more
