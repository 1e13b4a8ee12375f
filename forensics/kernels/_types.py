"""The one decorator and the array types that all kernels share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
#: File offsets and edge positions: 32 bits where the file is small enough, else 64.
Offsets = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint64]


def kernel(function: Function) -> Function:
    """Compile ``function`` on first call; the machine code is cached on disk.

    The interpreter lock is released while it runs. The plain function stays reachable as
    ``py_func``.
    """
    compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast("Function", compiled)


@kernel
def long(value: Any) -> int:
    """Return ``value`` as a 64-bit number: mixed widths would make numba compute in floats."""
    return np.int64(value)  # type: ignore[return-value]  # numba's int is NumPy's
