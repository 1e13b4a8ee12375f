"""Turn compressed rows of references around."""

from __future__ import annotations

import numpy as np

from forensics.kernels._types import Ints, Longs, Offsets, kernel


@kernel
def transpose_rows(begin: Offsets, targets: Ints) -> tuple[Longs, Ints]:
    """Return references by target: ``begin`` of shape (n + 1,) and sources, ascending in a row."""
    rows = begin.size - 1
    turned = np.zeros(rows + 1, np.int64)
    for edge in range(targets.size):
        turned[targets[edge] + 1] += 1
    for v in range(rows):
        turned[v + 1] += turned[v]
    sources = np.empty(targets.size, np.int32)
    fill = turned[:-1].copy()
    for v in range(rows):
        for edge in range(begin[v], begin[v + 1]):
            target = targets[edge]
            sources[fill[target]] = v
            fill[target] += 1
    return turned, sources
