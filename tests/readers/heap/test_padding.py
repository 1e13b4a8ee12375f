"""Padding against false sharing, inferred from distances between objects."""

from __future__ import annotations

import numpy as np

from forensics.readers.heap._padding import find_padded

# 0 Object <- 1 Thread (declares fields) <- 2 Worker (none), 3 Named (one reference)
PARENTS = np.array([-1, 0, 1, 1], np.int32)
ENDS = np.array([12, 108, 108, 112], np.int64)
DECLARES = [False, True, False, True]


def padded(gaps, witnesses=1):
    return find_padded(
        ENDS,
        PARENTS,
        np.array(gaps, np.int64),
        declares=DECLARES,
        align_bytes=8,
        witnesses=witnesses,
    )


def test_padding_belongs_to_the_class_that_declares_the_fields():
    gaps = [[16, 9, 9], [368, 2, 2], [368, 1, 1], [376, 1, 1]]
    assert padded(gaps) == {1: 256}


def test_three_groups_of_fields_have_four_pads():
    assert padded([[16, 9, 9], [624, 1, 1], [0, 0, 0], [0, 0, 0]]) == {1: 512}


def test_a_hole_after_a_single_object_is_no_padding():
    assert padded([[16, 9, 9], [12_056_448, 1, 1], [0, 0, 0], [0, 0, 0]]) == {}
    assert padded([[16, 9, 9], [112 + 136, 1, 1], [0, 0, 0], [0, 0, 0]]) == {}


def test_one_instance_without_room_for_padding_refutes_it():
    gaps = [[16, 9, 9], [368, 2, 2], [112, 1, 1], [376, 1, 1]]
    assert 1 not in padded(gaps)


def test_among_holes_more_witnesses_are_asked_for():
    gaps = [[16, 9, 9], [368, 1, 1], [0, 0, 0], [0, 0, 0]]
    assert padded(gaps, witnesses=3) == {}
