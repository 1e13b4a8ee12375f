"""V8 heap snapshots: numbers and strings out of JSON text, one pass each.

The text is hostile until shown otherwise: every access is bounded, and positions are
returned where the text stops making sense.
"""

from __future__ import annotations

from forensics.kernels._types import Bytes, Ints, Longs, Offsets, kernel, long

_QUOTE, _ESCAPE, _COMMA, _CLOSE = 0x22, 0x5C, 0x2C, 0x5D


@kernel
def skip_space(data: Bytes, at: int) -> int:
    """Return the position of the next byte that is no white space, or the end."""
    while at < data.size and data[at] <= 0x20:
        at += 1
    return at


@kernel
def skip_string(data: Bytes, at: int) -> int:
    """Return the position after the string that starts at ``at``, -1 if it has no end."""
    at += 1
    while at < data.size:
        byte = data[at]
        if byte == _QUOTE:
            return at + 1
        at += 2 if byte == _ESCAPE else 1
    return -1


@kernel
def skip_value(data: Bytes, at: int) -> int:
    """Return the position after the JSON value at ``at``, -1 if it has no end."""
    depth = 0
    while at < data.size:
        byte = data[at]
        if byte == _QUOTE:
            at = skip_string(data, at)
            if at < 0:
                return -1
        elif byte == 0x5B or byte == 0x7B:  # noqa: PLR1714  # numba has no sets here
            depth += 1
            at += 1
        elif byte == _CLOSE or byte == 0x7D:  # noqa: PLR1714  # same
            depth -= 1
            if depth < 0:
                return at
            at += 1
        elif byte == _COMMA and depth == 0:
            return at
        else:
            at += 1
            continue
        if depth == 0:
            return at
    return -1


@kernel
def read_number(data: Bytes, at: int) -> tuple[int, int]:
    """Return the whole number at or after ``at`` and the position behind it.

    The position is -1 where the array ends or something else than a number stands.
    """
    while at < data.size and (data[at] <= 0x20 or data[at] == _COMMA):
        at += 1
    is_negative = at < data.size and data[at] == 0x2D
    if is_negative:
        at += 1
    if at >= data.size or data[at] < 0x30 or data[at] > 0x39:
        return long(0), long(-1)
    value = long(0)
    while at < data.size and 0x30 <= data[at] <= 0x39:
        value = (value * 10 + long(data[at]) - 0x30) & 0x7FFFFFFFFFFFFFFF
        at += 1
    return (-value if is_negative else value), at


@kernel
def read_locations(data: Bytes, at: int, slots: Ints, out: Longs) -> tuple[int, int]:
    """Fill the columns of locations; ``slots[field]`` is a row of ``out``, -1 for none."""
    count = 0
    while count < out.shape[1]:
        behind = at
        for field in range(slots.size):
            value, behind = read_number(data, behind)
            if behind < 0:
                return count, at
            if slots[field] >= 0:
                out[slots[field], count] = value
        count += 1
        at = behind
    return count, at


@kernel
def read_nodes(  # noqa: PLR0913, PLR0917  # one array a column
    data: Bytes,
    at: int,
    slots: Ints,
    kind: Bytes,
    name: Ints,
    numbers: Longs,
    detached: Bytes,
) -> tuple[int, int]:
    """Fill the columns of nodes; return their number and the position behind the last.

    ``slots`` names the column of each field: 0 type, 1 name, 2 to 4 rows of ``numbers`` (id,
    size, number of edges), 5 detachedness, -1 none.
    """
    count = 0
    while count < kind.size:
        behind = at
        for field in range(slots.size):
            value, behind = read_number(data, behind)
            if behind < 0:
                return count, at
            slot = slots[field]
            if slot == 0:
                kind[count] = min(max(value, 0), 255)
            elif slot == 1:
                name[count] = min(max(value, -1), 0x7FFFFFFF)
            elif slot == 5:
                detached[count] = min(max(value, 0), 255)
            elif slot >= 2:
                numbers[slot - 2, count] = value
        count += 1
        at = behind
    return count, at


@kernel
def read_edges(  # noqa: PLR0913, PLR0917  # one array a column
    data: Bytes, at: int, slots: Ints, node_fields: int, kind: Bytes, label: Ints, target: Ints
) -> tuple[int, int]:
    """Fill the columns of edges (slots 0 type, 1 name, 2 target), targets as node numbers."""
    count = 0
    while count < kind.size:
        behind = at
        for field in range(slots.size):
            value, behind = read_number(data, behind)
            if behind < 0:
                return count, at
            slot = slots[field]
            if slot == 0:
                kind[count] = min(max(value, 0), 255)
            elif slot == 1:
                label[count] = min(max(value, -1), 0x7FFFFFFF)
            elif slot == 2:
                target[count] = min(max(value // node_fields, -1), 0x7FFFFFFF)
        count += 1
        at = behind
    return count, at


@kernel
def find_strings(data: Bytes, at: int, starts: Longs) -> tuple[int, int]:
    """Fill the positions of the strings of an array; return their number and the end.

    ``at`` is behind the opening bracket. The end is -1 if the array is cut.
    """
    count = 0
    while count < starts.size:
        while at < data.size and (data[at] <= 0x20 or data[at] == _COMMA):
            at += 1
        if at >= data.size or data[at] != _QUOTE:
            return count, (at if at < data.size else -1)
        behind = skip_string(data, at)
        if behind < 0:
            return count, -1
        starts[count] = at
        count += 1
        at = behind
    return count, at


@kernel
def split_edges(  # noqa: PLR0913, PLR0917  # one array a column
    begin: Offsets,
    kind: Bytes,
    target: Ints,
    weak_kind: int,
    shortcut_kind: int,
    kept_begin: Offsets,
    kept: Ints,
    weak_source: Ints,
    weak_target: Ints,
) -> tuple[int, int, int]:
    """Tell edges that retain from those that don't; return numbers of kept, weak, dangling.

    Weak edges and shortcuts do not retain, but for the shortcuts of the root, which lead to
    the global objects [1]_. Edges of an object to itself are dropped.

    References
    ----------
    .. [1] Chrome DevTools, ``HeapSnapshot.isEssentialEdge``.
    """
    nodes = begin.size - 1
    count, weak, dangling = 0, 0, 0
    for v in range(nodes):
        kept_begin[v] = count
        for edge in range(begin[v], begin[v + 1]):
            to = target[edge]
            if to < 0 or to >= nodes:
                dangling += 1
            elif kind[edge] == weak_kind or (kind[edge] == shortcut_kind and v > 0):
                weak_source[weak] = v
                weak_target[weak] = to
                weak += 1
            elif to != v:
                kept[count] = to
                count += 1
    kept_begin[nodes] = count
    return count, weak, dangling
