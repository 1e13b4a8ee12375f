"""Addresses back to ordinals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.kernels.address_table import AddressTable, build_address_table, find_ordinals


def build(addresses: np.ndarray, block: int = 1 << 20) -> tuple[AddressTable, int]:
    span = (
        int(addresses.min()),
        int(addresses.max()),
        int(np.bitwise_or.reduce(addresses ^ addresses[0])),
    )
    blocks = [addresses[i : i + block] for i in range(0, addresses.size, block)]
    return build_address_table(lambda: blocks, addresses.size, span)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 2000), min_size=1, max_size=300, unique=True),
    st.sampled_from([1, 4, 8, 16, 2**30]),
    st.integers(0, 2**40),
)
def test_every_address_is_found_and_no_other(numbers, step, base):
    addresses = base + step * np.array(numbers, np.int64)
    lookup, repeated = build(addresses, 7)
    assert repeated == 0
    assert find_ordinals(lookup, addresses).tolist() == list(range(len(numbers)))
    absent = base + step * np.array(sorted(set(range(2100)) - set(numbers)), np.int64)
    assert (find_ordinals(lookup, absent) == -1).all()


@pytest.mark.parametrize("extreme", [-(2**63), 2**63 - 1, 0, 1])
def test_extreme_addresses_are_looked_up_without_a_hit(extreme):
    lookup, _ = build(np.array([0x700000000, 0x700000010], np.int64))
    assert find_ordinals(lookup, np.array([extreme], np.int64)).tolist() == [-1]


def test_repeated_addresses_are_counted():
    _, repeated = build(np.array([64, 128, 64, 64], np.int64))
    assert repeated == 2


def test_a_table_grows_where_objects_lie_far_apart():
    addresses = np.arange(5000, dtype=np.int64) * 0x10008
    lookup, _ = build(addresses)
    assert lookup.table.size == 5000 * 256
    assert find_ordinals(lookup, addresses).tolist() == list(range(5000))
