"""From object address to dense ordinal: one bitmap word and one population count.

A heap is cut into chunks of 8192 granules (64 KiB at 8-byte alignment); only chunks with
objects have a table. Each word covers 64 granules::

    table[2w]     one bit a granule: does an object start here
    table[2w + 1] ordinal of the first object of the word, or with the top bit set
                  the start of its ordinals in ``shuffled``

Objects are numbered in file order, and dumps list a region's objects by ascending address,
so nearly every word holds consecutive ordinals and ``shuffled`` stays short. The table takes
some 2 % of the heap's size; a lookup touches one cache line. Addresses scattered over a
range too wide for the directory are looked up by bisection instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import numpy as np

from forensics.kernels._types import Ints, Longs, Words, kernel, long

_CHUNK_BITS: Final = 13
_WORDS_PER_CHUNK: Final = 128
_MAX_CHUNKS: Final = 1 << 27
#: Few heaps have larger objects on average (128 bytes); the table grows where they are.
_OBJECTS_PER_CHUNK: Final = 512
_SHUFFLED: Final = np.uint64(1 << 63)
_ONE: Final = np.uint64(1)
_M1: Final = np.uint64(0x5555555555555555)
_M2: Final = np.uint64(0x3333333333333333)
_M4: Final = np.uint64(0x0F0F0F0F0F0F0F0F)
_H01: Final = np.uint64(0x0101010101010101)


class AddressTable(NamedTuple):
    """Arrays of the lookup; ``directory`` is empty where bisection is used."""

    base: int
    shift: int
    directory: Ints
    table: Words
    shuffled: Ints
    sorted_addresses: Longs
    sorted_ordinals: Ints


@kernel
def count_bits(word: np.uint64) -> int:
    """Return how many bits of ``word`` are set."""
    word = word - ((word >> _ONE) & _M1)
    word = (word & _M2) + ((word >> np.uint64(2)) & _M2)
    word = (word + (word >> np.uint64(4))) & _M4
    return long((word * _H01) >> np.uint64(56))


@kernel
def _word_of(address: int, base: int, shift: int, directory: Ints) -> int:
    granule = (address - base) >> shift
    slot = long(directory[granule >> _CHUNK_BITS]) - 1
    return slot * _WORDS_PER_CHUNK + ((granule >> 6) & (_WORDS_PER_CHUNK - 1))


@kernel
def _mark_objects(
    addresses: Longs, first_ordinal: int, base: int, shift: int, arrays: tuple[Ints, Words, Longs]
) -> int:
    """Enter a block of addresses; return how many were, fewer if the table is full.

    The last of ``arrays`` counts chunks with a table, shuffled words and repeated addresses.
    """
    directory, table, counts = arrays
    room = table.size // (2 * _WORDS_PER_CHUNK)
    chunks, shuffled_words, repeated = counts[0], counts[1], counts[2]
    done = addresses.size
    for i in range(addresses.size):
        distance = addresses[i] - base
        chunk = distance >> (shift + _CHUNK_BITS)
        if directory[chunk] == 0:
            if chunks == room:
                done = i
                break
            chunks += 1
            directory[chunk] = chunks
        granule = distance >> shift
        slot = long(directory[chunk]) - 1
        word = 2 * (slot * _WORDS_PER_CHUNK + ((granule >> 6) & (_WORDS_PER_CHUNK - 1)))
        bit = np.uint64(granule & 63)
        bits = table[word]
        if (bits >> bit) & _ONE:
            repeated += 1
            continue
        ordinal = np.uint64(first_ordinal + i)
        first = table[word + 1]
        if bits == 0:
            table[word + 1] = ordinal
        elif first < _SHUFFLED and (
            (bits >> bit) != 0 or first + np.uint64(count_bits(bits)) != ordinal
        ):
            table[word + 1] = _SHUFFLED
            shuffled_words += 1
        table[word] = bits | (_ONE << bit)
    counts[0], counts[1], counts[2] = chunks, shuffled_words, repeated
    return done


@kernel
def _make_room(table: Words) -> int:
    """Give each shuffled word its place in the list of ordinals; return the list's length."""
    total = 0
    for word in range(0, table.size, 2):
        if table[word + 1] >= _SHUFFLED:
            table[word + 1] = _SHUFFLED | np.uint64(total)
            total += count_bits(table[word])
    return total


@kernel
def _place_shuffled(
    addresses: Longs, first_ordinal: int, base: int, shift: int, arrays: tuple[Ints, Words, Ints]
) -> None:
    directory, table, shuffled = arrays
    for i in range(addresses.size):
        address = addresses[i]
        word = 2 * _word_of(address, base, shift, directory)
        start = table[word + 1]
        if start >= _SHUFFLED:
            bit = np.uint64(((address - base) >> shift) & 63)
            below = count_bits(table[word] & ((_ONE << bit) - _ONE))
            shuffled[long(start & ~_SHUFFLED) + below] = first_ordinal + i


def build_address_table(
    blocks: Callable[[], Iterable[Longs]], count: int, span: tuple[int, int, int]
) -> tuple[AddressTable, int]:
    """Return the lookup for addresses and how many of them occur more than once.

    Parameters
    ----------
    blocks
        Yields the addresses by ordinal, block by block, each time it is called (once or twice).
    count
        How many there are.
    span
        Lowest and highest address, and the OR of all differences to any one of them. A wider
        span costs time, no correctness. Of equal addresses any one may be found: drop repeated
        ones and build again if the count isn't 0.
    """
    no_ints, no_longs = np.empty(0, np.int32), np.empty(0, np.int64)
    no_words = np.empty(0, np.uint64)
    if count == 0:
        return AddressTable(0, 0, no_ints, no_words, no_ints, no_longs, no_ints), 0
    low, high, varying = span
    shift = min((varying & -varying).bit_length() - 1 if varying else 0, 12)
    chunks = ((high - low) >> (shift + _CHUNK_BITS)) + 1
    if chunks > min(_MAX_CHUNKS, 4096 + 64 * count):
        addresses = np.concatenate([block.copy() for block in blocks()])
        order = np.argsort(addresses, kind="stable").astype(np.int32)
        ascending = addresses[order]
        repeated = int(np.count_nonzero(ascending[1:] == ascending[:-1]))
        return AddressTable(low, shift, no_ints, no_words, no_ints, ascending, order), repeated
    directory = np.zeros(chunks, np.int32)
    table, counts = _fill_table(blocks, low, shift, directory, count)
    shuffled = no_ints
    if counts[1]:
        shuffled = np.empty(_make_room(table), np.int32)
        ordinal = 0
        for block in blocks():
            _place_shuffled(block, ordinal, low, shift, (directory, table, shuffled))
            ordinal += block.size
    return AddressTable(low, shift, directory, table, shuffled, no_longs, no_ints), int(counts[2])


def _fill_table(
    blocks: Callable[[], Iterable[Longs]], base: int, shift: int, directory: Ints, count: int
) -> tuple[Words, Longs]:
    """Return the table, chunks in the order of their first object, and its counts."""
    slots = min(directory.size, count // _OBJECTS_PER_CHUNK + 64)
    table = np.zeros(2 * _WORDS_PER_CHUNK * slots, np.uint64)
    counts = np.zeros(3, np.int64)
    ordinal = 0
    for block in blocks():
        done = 0
        while done < block.size:
            part = block[done:]
            entered = _mark_objects(part, ordinal, base, shift, (directory, table, counts))
            done += entered
            ordinal += entered
            if done < block.size:
                larger = np.zeros(2 * table.size, np.uint64)
                larger[: table.size] = table
                table = larger
    return table[: 2 * _WORDS_PER_CHUNK * int(counts[0])], counts


@kernel
def _bisect(lookup: AddressTable, address: int) -> int:
    at = find_place(lookup.sorted_addresses, address)
    if at < lookup.sorted_addresses.size and lookup.sorted_addresses[at] == address:
        return long(lookup.sorted_ordinals[at])
    return long(-1)


@kernel
def find_place(ascending: Longs, value: int) -> int:
    """Return how many of ``ascending`` are less than ``value``.

    ``np.searchsorted`` does the same, but code that calls it drags numba's array functions in
    when it is loaded, a quarter of a second.
    """
    low = long(0)
    high = long(ascending.size)
    while low < high:
        middle = (low + high) >> 1
        if ascending[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def find_in_table(  # hot: separate arrays, early ways out
    directory: Ints, table: Words, shuffled: Ints, base: int, shift: int, address: int
) -> int:
    """Return the ordinal of the object at ``address`` by the bitmap, or -1."""
    distance = address - base
    granule = distance >> shift
    if distance < 0 or (granule >> _CHUNK_BITS) >= directory.size:
        return long(-1)
    if (granule << shift) != distance:
        return long(-1)
    slot = long(directory[granule >> _CHUNK_BITS]) - 1
    if slot < 0:
        return long(-1)
    word = 2 * (slot * _WORDS_PER_CHUNK + ((granule >> 6) & (_WORDS_PER_CHUNK - 1)))
    bit = np.uint64(granule & 63)
    bits = table[word]
    if (bits >> bit) & _ONE == 0:
        return long(-1)
    below = count_bits(bits & ((_ONE << bit) - _ONE))
    first = table[word + 1]
    if first >= _SHUFFLED:
        return long(shuffled[long(first & ~_SHUFFLED) + below])
    return long(first) + below


@kernel
def find_ordinal(lookup: AddressTable, address: int) -> int:
    """Return the ordinal of the object at ``address``, or -1 if none starts there."""
    if lookup.directory.size == 0:
        return _bisect(lookup, address)
    return find_in_table(
        lookup.directory, lookup.table, lookup.shuffled, lookup.base, lookup.shift, address
    )


@kernel
def next_distance(  # hot: separate arrays
    directory: Ints, table: Words, base: int, shift: int, address: int, limit: int
) -> int:
    """Return the distance from ``address`` to the next object, at most ``limit``.

    Only the rest of the word and the next few of the same chunk are searched (2 KiB).
    """
    granule = ((address - base) >> shift) + 1
    for _ in range(4):
        slot = (
            long(directory[granule >> _CHUNK_BITS]) - 1
            if (granule >> _CHUNK_BITS) < directory.size
            else long(-1)
        )
        if slot < 0:
            return limit
        bits = table[2 * (slot * _WORDS_PER_CHUNK + ((granule >> 6) & (_WORDS_PER_CHUNK - 1)))]
        bits >>= np.uint64(granule & 63)
        if bits != 0:
            lowest = bits & (~bits + _ONE)
            found = granule + count_bits(lowest - _ONE)
            return min(limit, (found << shift) - (address - base))
        granule = ((granule >> 6) + 1) << 6
    return limit


@kernel
def find_ordinals(lookup: AddressTable, addresses: Longs) -> Ints:
    """Return the ordinal of each address, -1 where no object starts there."""
    found = np.empty(addresses.size, np.int32)
    for i in range(addresses.size):
        found[i] = find_ordinal(lookup, addresses[i])
    return found
