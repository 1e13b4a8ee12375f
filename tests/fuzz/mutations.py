"""Break evidence in the ways that disks, copies, shippers and attackers break it."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

MAX_BYTES = 256 * 1024

HUGE = [
    b"0",
    b"-1",
    b"2147483648",
    b"4294967295",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775809",
    b"18446744073709551616",
    b"1e308",
    b"1e309",
    b"-1e400",
    b"NaN",
    b"Infinity",
    b"1" * 400,
    b"0.0000000000000000001",
    b"99999-99-99T99:99:99Z",
    b"9999-12-31T23:59:59.999999Z",
    b"0000-00-00T00:00:00Z",
    b"1970-01-01T00:00:00Z",
    b"253402300800000",
]
TOKENS = [
    b"null",
    b"true",
    b'""',
    b"[]",
    b"{}",
    b"\\u0000",
    b"\\ud800",
    b'"\\"',
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\t",
    b",,,,",
    b"::",
    b"&a *a",
    b"!!python/object:os.system",
    b"---\n",
    b"{{7*7}}",
    b"${jndi:x}",
    b"<script>alert(1)</script>",
    "\u202e\u0000é漢\U0001f4a9".encode(),
    b"=cmd|' /C calc'!A0",
]
#: What stands in JSON where something else is expected.
VALUES: list[Any] = [
    None, True, False, 0, -1, 2**31, 2**63, 2**64, 10**400, 1e308, -0.5, "", "NaN", "x" * 5000,
    "1", "-1", "2026-02-09T14:23:00Z", "9999-12-31T23:59:59Z", "\ud800", "\u0000", [], {}, [[]],
    [None], [1, "a", None], {"": None}, {"a": {"b": [1]}}, [[1, 2], [3]], [{}],
]  # fmt: skip
BIG_BINARY = [b"\xff" * 4, b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00", b"\x00" * 8, b"\xff" * 8]


def mutate(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """Return a seed after one to six random mutations, at most 256 KiB long.

    JSON is half of the time changed in its values only, so that it still parses.
    """
    seed = chance.choice(seeds)
    if chance.random() < 0.5 and (changed := revalue(seed, chance)) is not None:
        return changed[:MAX_BYTES]
    data = bytearray(seed)
    for _ in range(chance.randint(1, 6)):
        data = chance.choice(MUTATIONS)(data, seeds, chance)
    return bytes(data[:MAX_BYTES])


def revalue(data: bytes, chance: random.Random) -> bytes | None:
    """Give values inside JSON, of the document or of some of its lines, another type or place.

    None if ``data`` is no JSON.
    """
    lines = [data]
    for _ in range(2):
        try:
            for _ in range(chance.randint(1, 4)):
                at = chance.randrange(len(lines))
                lines[at] = _revalued(json.loads(lines[at]), chance)
        except ValueError:
            lines = data.splitlines()  # one document a line?
        else:
            return b"\n".join(lines)
        if not lines:
            break
    return None


def _revalued(document: Any, chance: random.Random) -> bytes:
    places: list[tuple[Any, Any]] = []
    stack = [document] if isinstance(document, (dict, list)) else []
    while stack:
        node = stack.pop()
        keys = range(len(node)) if isinstance(node, list) else list(node)
        places += [(node, key) for key in keys]
        stack += [node[key] for key in keys if isinstance(node[key], (dict, list)) and node[key]]
        if len(places) > 20_000:
            break
    if not places:
        return json.dumps(chance.choice(VALUES)).encode()
    node, key = chance.choice(places)
    other, there = chance.choice(places)
    what = chance.randrange(6)
    if what == 0:
        del node[key]
    elif what == 1:
        node[key] = json.loads(json.dumps(other[there]))
    elif what == 2:
        node[key] = [node[key]]
    elif what == 3 and isinstance(node, dict):
        node[chance.choice(["", "a", "value", "time", key + " "])] = node.pop(key)
    else:
        node[key] = chance.choice(VALUES)
    return json.dumps(document).encode()


def _at(data: bytearray, chance: random.Random) -> int:
    return chance.randint(0, len(data))


def truncate(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    return data[: _at(data, chance)]


def behead(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    return data[_at(data, chance) :]


def flip(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    for _ in range(chance.randint(1, 16)):
        if data:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return data


def splice(data: bytearray, seeds: Sequence[bytes], chance: random.Random) -> bytearray:
    other = chance.choice(seeds)
    begin = chance.randint(0, len(other))
    cut = _at(data, chance)
    return data[:cut] + other[begin : begin + chance.randint(1, 4000)] + data[cut:]


def repeat(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    begin = _at(data, chance)
    part = data[begin : begin + chance.randint(1, 200)]
    return data[:begin] + part * chance.randint(2, 200) + data[begin:]


def remove(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    begin = _at(data, chance)
    return data[:begin] + data[begin + chance.randint(1, 100) :]


def number(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    """Put an extreme value where a number stands."""
    places = list(re.finditer(rb"\d+(?:\.\d+)?", bytes(data[:20_000])))
    if not places:
        return data
    place = chance.choice(places)
    return data[: place.start()] + chance.choice(HUGE) + data[place.end() :]


def word(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    """Put a token that means something to some parser where a word stands."""
    places = list(re.finditer(rb'"[^"\n]{0,80}"|\w+', bytes(data[:20_000])))
    if not places:
        return data + chance.choice(TOKENS)
    place = chance.choice(places)
    return data[: place.start()] + chance.choice(TOKENS) + data[place.end() :]


def insert(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    cut = _at(data, chance)
    return data[:cut] + chance.choice(TOKENS + HUGE + BIG_BINARY) + data[cut:]


def overwrite(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    """Put an extreme count where a binary length may stand."""
    cut = _at(data, chance)
    value = chance.choice(BIG_BINARY)
    data[cut : cut + len(value)] = value
    return data


def nuls(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    cut = _at(data, chance)
    return data[:cut] + b"\x00" * chance.choice([1, 8, 4096]) + data[cut:]


def nest(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    cut = _at(data, chance)
    depth = chance.choice([10, 300, 5000, 50_000])
    opening, closing = chance.choice([(b"[", b"]"), (b'{"a":', b"}"), (b"(", b")"), (b"- ", b"")])
    return data[:cut] + opening * depth + b"1" + closing * depth + data[cut:]


def lengthen(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    """Make one line very long."""
    cut = _at(data, chance)
    return data[:cut] + chance.choice([b"x", b" ", b"a=1 ", b"\\", b'"', b",", b"1"]) * 40_000


def shuffle(data: bytearray, _: Sequence[bytes], chance: random.Random) -> bytearray:
    lines = bytes(data).split(b"\n")
    chance.shuffle(lines)
    return bytearray(b"\n".join(lines))


MUTATIONS: list[Callable[[bytearray, Sequence[bytes], random.Random], bytearray]] = [
    truncate,
    behead,
    flip,
    splice,
    repeat,
    remove,
    number,
    number,
    word,
    word,
    insert,
    overwrite,
    nuls,
    nest,
    lengthen,
    shuffle,
]
