r"""Unpack a dump into a file; members of the JDK's chunked gzip two at a time.

``jcmd GC.heap_dump -gz=N`` and ``jmap ...,gz=N`` write a member for each block of equal size and
say so in the comment of the first::

    1f 8b 08 10 mtime(4) xfl os "HPROF BLOCKSIZE=1048576\\0" deflated   first members
    1f 8b 08 00 mtime(4) xfl os deflated                               the others
"""

from __future__ import annotations

import mmap
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any, Final

from isal import isal_zlib

from forensics.errors import CorruptEvidenceError
from forensics.readers._source import Source

_CHUNKED: Final = re.compile(rb"\x1f\x8b\x08\x10.{6}HPROF BLOCKSIZE=(\d{1,9})\0", re.DOTALL)
_MEMBER: Final = re.compile(rb"\x1f\x8b\x08[\x00\x10]")
_MAX_BLOCK: Final = 64 << 20
_THREADS: Final = 2
#: Blocks that may wait to be written.
_AHEAD: Final = 8
_GZIP_WINDOW: Final = 31


def unpack(source: Source, stream: IO[bytes]) -> list[list[Any]]:
    """Write the unpacked content of a dump to ``stream``; return damage rows.

    At most 8 blocks are in memory.

    Raises
    ------
    EvidenceTooLargeError
        If it unpacks to more than the limits of ``source`` allow.
    """
    try:
        written, is_whole = _write_members(source, stream)
        if not is_whole:
            passed = 0
            for block in source.iter_blocks():
                stream.write(block[max(written - passed, 0) :])
                passed += len(block)
    except CorruptEvidenceError as error:
        stream.flush()
        return [[source.name, error.found, "everything before it was read", int(stream.tell())]]
    finally:
        stream.flush()
    return []


def _write_members(source: Source, stream: IO[bytes]) -> tuple[int, bool]:
    """Write the members of a chunked file up to the first that is not whole.

    Returns
    -------
    written, is_whole
        Bytes written, and whether that is all of the file.
    """
    with source.open_raw() as raw:
        head = _CHUNKED.match(raw.read(64))
        block_bytes = int(head[1]) if head else 0
        if not 0 < block_bytes <= _MAX_BLOCK:
            return 0, False
        with mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as packed:
            return _write_blocks(source, packed, block_bytes, stream)


def _write_blocks(
    source: Source, packed: mmap.mmap, block_bytes: int, stream: IO[bytes]
) -> tuple[int, bool]:
    written = 0
    waiting: deque[Future[bytes]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        members = _members(packed)
        is_more = True
        while is_more or waiting:
            while is_more and len(waiting) < _AHEAD:
                member = next(members, b"")
                is_more = bool(member)
                if member:
                    waiting.append(pool.submit(_inflate, member, block_bytes))
            block = waiting.popleft().result() if waiting else b""
            if not block or written + len(block) > source.expanded_limit:
                break
            stream.write(block)
            written += len(block)
        else:
            return written, True
        pool.shutdown(cancel_futures=True)
    return written, False


def _members(packed: mmap.mmap) -> Iterator[bytes]:
    """Yield what lies between the heads of members; rarely one that only looks like a head."""
    first = 0
    for head in _MEMBER.finditer(packed, 1):
        yield packed[first : head.start()]
        first = head.start()
    yield packed[first:]


def _inflate(member: bytes, block_bytes: int) -> bytes:
    """Return the content of exactly one whole member of at most ``block_bytes``, else nothing."""
    inflater = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
    try:
        content = inflater.decompress(member, block_bytes + 1)
    except isal_zlib.IsalError:  # type: ignore[misc]  # its stub calls the class an instance
        return b""
    is_whole = inflater.eof and not inflater.unused_data and len(content) <= block_bytes
    return bytes(content) if is_whole else b""
