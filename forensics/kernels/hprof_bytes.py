"""Read big-endian numbers at any byte of a dump.

Positions are unsigned inside, for signed ones would be checked for counting from the end; then
LLVM joins the bytes into one load and one swap.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from forensics.kernels._types import Bytes, kernel, long

_1: Final = np.uint64(1)
_2: Final = np.uint64(2)
_3: Final = np.uint64(3)
_4: Final = np.uint64(4)
_5: Final = np.uint64(5)
_6: Final = np.uint64(6)
_7: Final = np.uint64(7)
_8: Final = np.uint64(8)
_16: Final = np.uint64(16)
_24: Final = np.uint64(24)
_32: Final = np.uint64(32)
_40: Final = np.uint64(40)
_48: Final = np.uint64(48)
_56: Final = np.uint64(56)


@kernel
def read_u1(data: Bytes, position: int) -> int:
    """Return the byte at ``position``."""
    return long(data[np.uint64(position)])


@kernel
def read_u2(data: Bytes, position: int) -> int:
    """Return the unsigned 16-bit number at ``position``."""
    at = np.uint64(position)
    return long((np.uint64(data[at]) << _8) | np.uint64(data[at + _1]))


@kernel
def read_u4(data: Bytes, position: int) -> int:
    """Return the unsigned 32-bit number at ``position``."""
    at = np.uint64(position)
    return long(
        (np.uint64(data[at]) << _24)
        | (np.uint64(data[at + _1]) << _16)
        | (np.uint64(data[at + _2]) << _8)
        | np.uint64(data[at + _3])
    )


@kernel
def read_u8(data: Bytes, position: int) -> int:
    """Return the 64-bit number at ``position``; beyond 2^63 it comes out negative."""
    at = np.uint64(position)
    return long(
        (np.uint64(data[at]) << _56)
        | (np.uint64(data[at + _1]) << _48)
        | (np.uint64(data[at + _2]) << _40)
        | (np.uint64(data[at + _3]) << _32)
        | (np.uint64(data[at + _4]) << _24)
        | (np.uint64(data[at + _5]) << _16)
        | (np.uint64(data[at + _6]) << _8)
        | np.uint64(data[at + _7])
    )


@kernel
def read_id(data: Bytes, position: int, id_bytes: int) -> int:
    """Return the 4- or 8-byte identifier at ``position``."""
    if id_bytes == 8:
        return read_u8(data, position)
    return read_u4(data, position)
