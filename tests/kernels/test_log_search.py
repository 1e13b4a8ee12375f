"""The search agrees with Python's own."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.kernels.log_search import compile_needles, holds_any


@settings(deadline=None)
@given(
    st.text(alphabet="abc", max_size=60),
    st.lists(st.text(alphabet="abc", min_size=4, max_size=4), min_size=1, max_size=4),
)
def test_any_needle_is_found_wherever_it_stands(text: str, needles: list[str]) -> None:
    data = np.frombuffer(text.encode(), np.uint8)
    compiled = compile_needles([needle.encode() for needle in needles])
    assert holds_any(data, *compiled) == any(needle in text for needle in needles)
