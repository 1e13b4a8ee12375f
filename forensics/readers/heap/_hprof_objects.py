"""Where the objects of an HPROF dump are: records in the file, addresses in the heap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from forensics.kernels._types import Bytes, Longs, Offsets
from forensics.kernels.address_table import AddressTable, build_address_table
from forensics.kernels.hprof_scan import read_addresses
from forensics.readers.heap._hprof_records import Scan

_BLOCK: Final = 1 << 17


@dataclass(frozen=True, slots=True, eq=False)
class Addresses:
    """Addresses by ordinal, read from the records when asked for: they are kept nowhere else.

    Index it with an ordinal, an array of ordinals or a slice, as an array of int64.
    """

    data: Bytes
    offsets: Offsets
    id_bytes: int
    of_classes: Longs

    def __len__(self) -> int:
        return int(self.offsets.size)

    def __getitem__(self, ordinals: Any) -> Any:
        wanted = np.arange(len(self))[ordinals] if isinstance(ordinals, slice) else ordinals
        at = np.atleast_1d(np.asarray(wanted, np.int64))
        found = np.empty(at.size, np.int64)
        read_addresses(self.data, self.offsets[at], self.id_bytes, found)
        is_class = at < self.of_classes.size
        found[is_class] = self.of_classes[at[is_class]]
        return found[0] if np.ndim(wanted) == 0 else found

    def __array__(
        self,
        dtype: np.dtype[Any] | None = None,
        copy: bool | None = None,  # noqa: FBT001  # NumPy's protocol
    ) -> NDArray[Any]:
        """Return all addresses, shape (objects,)."""
        del copy  # always a copy
        everything = np.empty(len(self), np.int64)
        read_addresses(self.data, self.offsets, self.id_bytes, everything)
        everything[: self.of_classes.size] = self.of_classes
        return everything if dtype is None else everything.astype(dtype)

    def blocks(self) -> Iterator[Longs]:
        """Yield all addresses in order; a block is overwritten by the next."""
        yield self.of_classes
        block = np.empty(_BLOCK, np.int64)
        for first in range(self.of_classes.size, len(self), _BLOCK):
            part = self.offsets[first : first + _BLOCK]
            read_addresses(self.data, part, self.id_bytes, block[: part.size])
            yield block[: part.size]

    def distances(self, ordinals: Longs) -> Longs:
        """Return the distance from each object to the next."""
        own: Longs = self[ordinals]
        following: Longs = self[ordinals + 1]
        return following - own


def number_objects(data: Bytes, scan: Scan, of_classes: Longs) -> tuple[Addresses, AddressTable]:
    """Give class objects the first ordinals, then objects in file order, each address once."""
    id_bytes = scan.header.id_bytes
    offsets = scan.number_classes(of_classes.size)
    scan.offsets = offsets[:0].copy()
    some, low, high, varying = (int(x) for x in scan.span)
    if of_classes.size:
        low, high = min(low, int(of_classes.min())), max(high, int(of_classes.max()))
        varying |= int(np.bitwise_or.reduce(of_classes ^ some))
    span = (low, high, varying)
    addresses = Addresses(data, offsets, id_bytes, of_classes)
    lookup, repeated = build_address_table(addresses.blocks, len(addresses), span)
    if repeated:
        _, first = np.unique(np.asarray(addresses), return_index=True)
        first.sort()
        addresses = Addresses(data, offsets[first], id_bytes, of_classes)
        lookup, _ = build_address_table(addresses.blocks, len(addresses), span)
    return addresses, lookup
