"""Templates of log messages: mask what varies, keep what the program's author wrote.

``mine`` finds the patterns of a column of messages, ``assign`` applies them to another,
``count_shapes`` and ``merge_shapes`` do the same in parts. May import the words and the
kernels.
"""

from __future__ import annotations

from forensics.patterns.mine import Patterns, assign, mine, mine_shapes
from forensics.patterns.shapes import Shapes, count_shapes, merge_shapes

__all__ = [
    "Patterns",
    "Shapes",
    "assign",
    "count_shapes",
    "merge_shapes",
    "mine",
    "mine_shapes",
]
