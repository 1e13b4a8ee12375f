"""The one decorator and the array types that all kernels share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher
from numba.core.runtime.nrt import rtsys
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., Any])

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
#: File offsets and edge positions: 32 bits where the file is small enough, else 64.
Offsets = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint64]


class _MachineCode(FunctionCache):
    """Machine code on disk that is loaded without what only a compiler needs.

    numba readies its compiler before it looks for cached code: it imports some 150 modules,
    ``scipy.linalg`` among them, which takes two thirds of a second. Cached code needs nothing
    but the allocator's symbols; a compilation readies the compiler itself.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the code for a signature, None if there is none yet."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]  # numba's


def kernel(function: Function) -> Function:
    """Compile ``function`` on first call; the machine code is cached on disk.

    The interpreter lock is released while it runs. The plain function stays reachable as
    ``py_func``.
    """
    compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    if isinstance(compiled, Dispatcher):  # a plain function where compiling is switched off
        code = _MachineCode(compiled.py_func)  # type: ignore[no-untyped-call]  # numba's
        cast("Any", compiled)._cache = code  # noqa: SLF001  # there is no public way in
    return cast("Function", compiled)


@kernel
def long(value: Any) -> int:
    """Return ``value`` as a 64-bit number: mixed widths would make numba compute in floats."""
    return np.int64(value)  # type: ignore[return-value]  # numba's int is NumPy's
