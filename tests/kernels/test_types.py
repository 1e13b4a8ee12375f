"""Cached kernels load without a compiler."""

from __future__ import annotations

import subprocess
import sys

import numba.core.dispatcher
import pytest

from forensics.kernels.hprof_scan import walk_records

CALL = """
import sys
import numpy as np
from forensics.kernels.address_table import find_place
from forensics.kernels.hprof_scan import walk_records
print(find_place(np.array([3, 5, 5, 9]), 5))
print(walk_records(np.zeros(4, np.uint8), 0, np.empty((1, 3), np.int64), 0))
print("scipy.linalg" in sys.modules, "numba.np.arraymath" in sys.modules)
"""


@pytest.mark.skipif(
    not isinstance(walk_records, numba.core.dispatcher.Dispatcher),
    reason="compilation is switched off",
)
def test_a_cached_kernel_loads_without_what_only_a_compiler_needs():
    answers = [
        subprocess.run(
            [sys.executable, "-c", CALL], check=True, capture_output=True, text=True
        ).stdout.splitlines()
        for _ in range(2)
    ]
    assert answers[0][:2] == answers[1][:2] == ["1", "(0, 0, 2)"]
    assert answers[1][2] == "False False"
