"""Names in an HPROF file: strings by id, class names, threads and their stack frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import polars as pl

from forensics.kernels._types import Bytes, Longs
from forensics.kernels.hprof_tags import FRAME, LOAD_CLASS, START_THREAD, TRACE, UTF8

_PRIMITIVES: Final = {
    "Z": "boolean",
    "B": "byte",
    "C": "char",
    "S": "short",
    "I": "int",
    "J": "long",
    "F": "float",
    "D": "double",
}
THREADS: Final = pl.Schema(
    {"serial": pl.Int64(), "object": pl.Int32(), "name": pl.String(), "stack": pl.Int64()}
)
FRAMES: Final = pl.Schema(
    {
        "stack": pl.Int64(),
        "depth": pl.Int32(),
        "method": pl.String(),
        "source": pl.String(),
        "line": pl.Int32(),
    }
)


class Names:
    """Strings of one dump, decoded when asked for."""

    def __init__(self, data: Bytes, records: Longs, id_bytes: int) -> None:
        self._data = data
        self._id_bytes = id_bytes
        rows = records[(records[:, 0] == UTF8) & (records[:, 2] >= id_bytes)]
        ids = _gather(data, rows[:, 1], id_bytes)
        order = np.argsort(ids, kind="stable")
        self._ids = ids[order]
        self._rows = rows[order]

    def text(self, string_id: int) -> str:
        """Return a string; an unknown id gives its number in angle brackets."""
        at = int(np.searchsorted(self._ids, string_id))
        if at == self._ids.size or self._ids[at] != string_id:
            return f"<0x{string_id:x}>" if string_id else ""
        body, length = int(self._rows[at, 1]), int(self._rows[at, 2])
        raw = self._data[body + self._id_bytes : body + length].tobytes()
        return raw.decode("utf-8", errors="replace")

    def texts(self, string_ids: Iterable[int]) -> list[str]:
        """Return many strings, each distinct one decoded once."""
        known: dict[int, str] = {}
        result = []
        for string_id in string_ids:
            text = known.get(string_id)
            if text is None:
                text = known[string_id] = self.text(string_id)
            result.append(text)
        return result


def java_name(internal: str) -> str:
    """Return a class name as Java prints it: ``[[I`` is ``int[][]``, ``a/B`` is ``a.B``."""
    depth = len(internal) - len(internal.lstrip("["))
    element = internal[depth:]
    if depth and len(element) == 1:
        element = _PRIMITIVES.get(element, element)
    elif depth and element.startswith("L") and element.endswith(";"):
        element = element[1:-1]
    # HotSpot writes the address of a hidden class after "+"; Class.getName() says "/".
    name = element.replace("/", ".").replace("+0x", "/0x")
    return name + "[]" * depth


def read_loaded_classes(
    data: Bytes, records: Longs, id_bytes: int, names: Names
) -> tuple[dict[int, str], dict[int, str]]:
    """Return the class names by class address and by class serial."""
    rows = records[(records[:, 0] == LOAD_CLASS) & (records[:, 2] >= 8 + 2 * id_bytes)]
    body = rows[:, 1]
    serials = _gather(data, body, 4).tolist()
    addresses = _gather(data, body + 4, id_bytes).tolist()
    name_ids = _gather(data, body + 8 + id_bytes, id_bytes).tolist()
    texts = [java_name(text) for text in names.texts(name_ids)]
    return dict(zip(addresses, texts, strict=True)), dict(zip(serials, texts, strict=True))


def read_frames(
    data: Bytes, records: Longs, id_bytes: int, names: Names, class_names: dict[int, str]
) -> pl.DataFrame:
    """Return every stack trace as rows of frames, the innermost first.

    Line numbers: -1 unknown, -2 compiled, -3 native.
    """
    rows = records[(records[:, 0] == FRAME) & (records[:, 2] >= 4 * id_bytes + 8)]
    body = rows[:, 1]
    methods = names.texts(_gather(data, body + id_bytes, id_bytes).tolist())
    sources = names.texts(_gather(data, body + 3 * id_bytes, id_bytes).tolist())
    serials = _gather(data, body + 4 * id_bytes, 4).tolist()
    lines = _gather(data, body + 4 * id_bytes + 4, 4).astype(np.int32).tolist()
    known = {
        frame: (f"{class_names.get(serial, '?')}.{method}", source, line)
        for frame, serial, method, source, line in zip(
            _gather(data, body, id_bytes).tolist(), serials, methods, sources, lines, strict=True
        )
    }
    out: list[tuple[int, int, str, str, int]] = []
    traces = records[(records[:, 0] == TRACE) & (records[:, 2] >= 12)]
    for _, at, length in traces.tolist():
        stack, _, count = (int(x) for x in _gather(data, at + 4 * np.arange(3), 4))
        count = min(count, (length - 12) // id_bytes)
        frames = _gather(data, at + 12 + id_bytes * np.arange(count), id_bytes).tolist()
        for depth, frame in enumerate(frames):
            method, source, line = known.get(frame, (f"<frame 0x{frame:x}>", "", -1))
            out.append((stack, depth, method, source, line))
    return pl.DataFrame(out, schema=FRAMES, orient="row")


def read_started_threads(
    data: Bytes, records: Longs, id_bytes: int, names: Names
) -> dict[int, tuple[int, str, int]]:
    """Return address, name and stack serial of each thread the HPROF agent saw, by serial."""
    rows = records[(records[:, 0] == START_THREAD) & (records[:, 2] >= 8 + 4 * id_bytes)]
    body = rows[:, 1]
    texts = names.texts(_gather(data, body + 8 + id_bytes, id_bytes).tolist())
    columns = (_gather(data, body + 4, id_bytes), _gather(data, body + 4 + id_bytes, 4))
    serials = _gather(data, body, 4).tolist()
    return {
        serial: (address, text, stack)
        for serial, address, text, stack in zip(
            serials, columns[0].tolist(), texts, columns[1].tolist(), strict=True
        )
    }


def trace_thread_serials(data: Bytes, records: Longs) -> dict[int, int]:
    """Return the stack serial of each thread serial that a trace names."""
    traces = records[(records[:, 0] == TRACE) & (records[:, 2] >= 12)]
    stacks = _gather(data, traces[:, 1], 4).tolist()
    threads = _gather(data, traces[:, 1] + 4, 4).tolist()
    return dict(zip(threads, stacks, strict=True))


def _gather(data: Bytes, positions: Longs, width: int) -> Longs:
    """Return big-endian numbers of ``width`` bytes at all positions, int64."""
    result = np.zeros(positions.size, np.int64)
    for i in range(width):
        result = (result << 8) | data[positions + i].astype(np.int64)
    return result
