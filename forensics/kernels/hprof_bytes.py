"""Read big-endian numbers at any byte of a dump."""

from __future__ import annotations

from forensics.kernels._types import Bytes, kernel, long


@kernel
def read_u2(data: Bytes, position: int) -> int:
    """Return the unsigned 16-bit number at ``position``."""
    return (long(data[position]) << 8) | long(data[position + 1])


@kernel
def read_u4(data: Bytes, position: int) -> int:
    """Return the unsigned 32-bit number at ``position``."""
    return (
        (long(data[position]) << 24)
        | (long(data[position + 1]) << 16)
        | (long(data[position + 2]) << 8)
        | long(data[position + 3])
    )


@kernel
def read_u8(data: Bytes, position: int) -> int:
    """Return the 64-bit number at ``position``; beyond 2^63 it comes out negative."""
    return (
        (long(data[position]) << 56)
        | (long(data[position + 1]) << 48)
        | (long(data[position + 2]) << 40)
        | (long(data[position + 3]) << 32)
        | (long(data[position + 4]) << 24)
        | (long(data[position + 5]) << 16)
        | (long(data[position + 6]) << 8)
        | long(data[position + 7])
    )


@kernel
def read_id(data: Bytes, position: int, id_bytes: int) -> int:
    """Return the 4- or 8-byte identifier at ``position``."""
    if id_bytes == 8:
        return read_u8(data, position)
    return read_u4(data, position)
