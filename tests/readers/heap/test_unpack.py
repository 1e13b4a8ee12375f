"""Chunked gzip is unpacked block by block, and any other as a stream."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest

from forensics.errors import EvidenceTooLargeError
from forensics.readers._source import Limits, Source
from forensics.readers.heap._unpack import _write_members, unpack

BLOCK = 4096


def pack(content: bytes, *, comment: bytes = b"HPROF BLOCKSIZE=4096") -> bytes:
    """Write members as the JDK does: of equal size, the first with a comment."""
    members = []
    for at in range(0, len(content), BLOCK):
        squeeze = zlib.compressobj(wbits=-15)
        block = content[at : at + BLOCK]
        flags, text = (b"\x10", comment + b"\0") if at == 0 else (b"\0", b"")
        end = zlib.crc32(block).to_bytes(4, "little") + len(block).to_bytes(4, "little")
        head = b"\x1f\x8b\x08" + flags + bytes(5) + b"\x03" + text
        members.append(head + squeeze.compress(block) + squeeze.flush() + end)
    return b"".join(members)


def source_of(folder, packed, **limits):
    path = folder / "heap.hprof.gz"
    path.write_bytes(packed)
    return Source(path, limits=Limits(**limits))


CONTENT = bytes(i * i % 251 for i in range(100_000))
#: Stored blocks, so that heads of members stand inside of members.
DECEPTIVE = (b"\x1f\x8b\x08\x00" * 5 + b"x") * 5000


@pytest.mark.parametrize("content", [CONTENT, b"a"], ids=["many blocks", "one block"])
def test_all_members_are_unpacked_in_order(tmp_path, content):
    source, out = source_of(tmp_path, pack(content)), io.BytesIO()
    assert _write_members(source, out) == (len(content), True)
    assert out.getvalue() == content


def test_what_only_looks_like_a_member_is_read_as_a_stream(tmp_path):
    packed = b"".join(
        gzip.compress(DECEPTIVE[at : at + BLOCK], 0) for at in range(0, len(DECEPTIVE), BLOCK)
    )
    head = pack(b"x" * BLOCK)
    source, out = source_of(tmp_path, head + packed), io.BytesIO()
    assert unpack(source, out) == []
    assert out.getvalue() == b"x" * BLOCK + DECEPTIVE


@pytest.mark.parametrize("cut", [0.3, 0.5, 0.999])
def test_a_cut_file_gives_what_a_stream_gives_and_damage(tmp_path, cut):
    packed = pack(CONTENT)
    packed = packed[: int(len(packed) * cut)]
    source, out = source_of(tmp_path, packed), io.BytesIO()
    damage = unpack(source, out)
    assert len(damage) == 1
    assert CONTENT.startswith(out.getvalue())
    assert len(out.getvalue()) >= len(CONTENT) * cut - 2 * BLOCK


def test_the_limit_on_unpacked_bytes_holds(tmp_path):
    source = source_of(tmp_path, pack(CONTENT), expanded_bytes=50_000)
    with pytest.raises(EvidenceTooLargeError, match="unpacks to more than"):
        unpack(source, io.BytesIO())
