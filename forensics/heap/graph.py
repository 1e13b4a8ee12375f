"""The heap graph: a read-only surface over dense arrays, whatever format it came from.

Objects have dense ordinals; class objects come first, so a class's index is also the
ordinal of its class object. Addresses live at the border only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.errors import UsageError
from forensics.kernels._types import Flags, Ints, Longs, Offsets
from forensics.kernels.edges import group_children, transpose_rows

#: Values of ``HeapGraph.reach``.
STRONG: Final = 0  #: a GC root holds it
WEAK: Final = 1  #: only soft, weak, phantom or finalizer references lead to it
UNREACHABLE: Final = 2  #: garbage that was not collected yet


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One named slot of an object: a field, a static field or an array element.

    ``value`` is a number, a boolean or a character; for references it is the ordinal of the
    object, -1 for null and for a reference to what the dump doesn't hold.
    """

    name: str
    type: str
    value: int | float | bool | str
    declared_by: str = ""

    @property
    def is_reference(self) -> bool:
        """True when ``value`` is an ordinal."""
        return self.type == "object"


class ObjectContent(Protocol):
    """Reads what objects contain, lazily, from the mapped dump. Thread-safe."""

    def fields(self, ordinal: int) -> list[FieldValue]:
        """Return the fields of an instance, or the static fields of a class object."""

    def array(self, ordinal: int) -> NDArray[np.generic]:
        """Return the elements of an array; of references, their ordinals."""

    def array_length(self, ordinal: int) -> int:
        """Return the number of elements, -1 if the object is no array."""

    def array_lengths(self, ordinals: Ints) -> Longs:
        """Return ``array_length`` of many objects at once."""

    def text(self, ordinal: int) -> str | None:
        """Return the value of a string object, None for any other object."""

    def column(self, ordinals: Ints, name: str) -> NDArray[np.generic]:
        """Return one field of many objects of one class: numbers, or ordinals of references."""

    def reference_names(self, source: int, target: int) -> list[str]:
        """Return the names of the fields or elements of ``source`` that refer to ``target``."""


class Addresses(Protocol):
    """Addresses by ordinal: an array, or what reads them from the dump when asked."""

    def __len__(self) -> int:
        """Return the number of objects."""

    def __getitem__(self, ordinals: Any, /) -> Any:
        """Return one address, or those of an array or slice of ordinals as int64."""

    def __array__(self) -> NDArray[Any]:
        """Return all addresses."""


@dataclass(frozen=True, slots=True)
class ClassTable:
    """Classes by index.

    ``names`` are Java names (``java.util.HashMap$Node``, ``byte[]``); ``super_index`` is -1
    where there is none; ``loader`` is the ordinal of the class loader, -1 for the boot
    loader. Classes past ``object_count`` have no class object in the dump.
    """

    names: tuple[str, ...]
    super_index: Ints
    loader: Ints
    object_count: int

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, slots=True)
class HeapFacts:
    """What is true of the dump as a whole."""

    name: str
    format: str
    id_bytes: int
    file_bytes: int
    read_bytes: int
    created_ms: int
    dumps: int
    layout: str
    has_presumed_roots: bool
    notes: tuple[str, ...] = ()

    @property
    def percent_read(self) -> float:
        """How much of the file could be read, 0 to 100."""
        return 100.0 * self.read_bytes / self.file_bytes if self.file_bytes else 0.0


@dataclass(frozen=True, eq=False)
class HeapGraph:
    """Objects, classes, references and roots of one heap dump; never changes.

    Arrays are mapped from the index: touching them reads the disk. Everything may be used
    from several threads; what is built on first use (``referrers``, ``dominated``) may
    then be built twice, with equal results. Methods that read object contents
    (``content``, ``fields``, ``reference_names``) read the mapped dump.

    Attributes
    ----------
    class_index : array of int32, shape (objects,)
    shallow_units, retained_units : arrays, shape (objects,)
        Sizes in units of ``unit_bytes``; use ``shallow_bytes`` and ``retained_bytes``.
    begin, targets : arrays
        References in compressed rows, in the order of fields. References that don't retain
        are apart, in ``weak_source`` and ``weak_target``.
    dominator : array of int32, shape (objects,)
        Immediate dominator, -1 where it is the virtual root above all GC roots.
    reach : array of uint8, shape (objects,)
        ``STRONG``, ``WEAK`` or ``UNREACHABLE``.
    addresses
        Where each object was in memory, by ordinal: index it as an array of int64.
    roots : frame
        ``object`` (ordinal), ``kind``, ``thread_serial``, ``frame_number``, ``holder``: the
        thread that refers to it as a local, -1 for what the root itself holds.
    threads, frames : frames
        ``serial, object, name, stack`` and ``stack, depth, method, source, line``.
    damage : frame of the ``damage`` schema
    """

    facts: HeapFacts
    classes: ClassTable
    class_index: Ints
    shallow_units: Offsets
    retained_units: Offsets
    unit_bytes: int
    begin: Offsets
    targets: Ints
    weak_source: Ints
    weak_target: Ints
    dominator: Ints
    reach: NDArray[np.uint8]
    addresses: Addresses
    roots: pl.DataFrame
    threads: pl.DataFrame
    frames: pl.DataFrame
    damage: pl.DataFrame
    content: ObjectContent = field(repr=False)

    def __len__(self) -> int:
        return int(self.class_index.size)

    def __repr__(self) -> str:
        return (
            f"HeapGraph({self.facts.name!r}, {len(self):,} objects, {len(self.classes):,} classes)"
        )

    @property
    def object_count(self) -> int:
        """Number of objects, class objects included."""
        return len(self)

    def shallow_bytes(self, ordinals: Ints | None = None) -> Longs:
        """Return the own sizes of some or all objects, int64 bytes."""
        units = self.shallow_units if ordinals is None else self.shallow_units[ordinals]
        return units.astype(np.int64) * self.unit_bytes

    def retained_bytes(self, ordinals: Ints | None = None) -> Longs:
        """Return what each object alone keeps in memory, itself included, int64 bytes."""
        units = self.retained_units if ordinals is None else self.retained_units[ordinals]
        return units.astype(np.int64) * self.unit_bytes

    @cached_property
    def total_bytes(self) -> int:
        """Sum of all shallow sizes, unreachable objects included."""
        return int(self.shallow_units.sum(dtype=np.int64)) * self.unit_bytes

    @cached_property
    def held_bytes(self) -> int:
        """Sum of the shallow sizes of strongly reachable objects: 100 % of a share."""
        units = self.shallow_units.sum(where=self.reach == STRONG, dtype=np.int64)
        return int(units) * self.unit_bytes

    def class_name(self, ordinal: int) -> str:
        """Return the name of an object's class."""
        return self.classes.names[int(self.class_index[ordinal])]

    def label(self, ordinal: int) -> str:
        """Return ``class NAME`` for a class object, the class name for others."""
        if ordinal < self.classes.object_count:
            return f"class {self.classes.names[ordinal]}"
        return self.class_name(ordinal)

    def find_class(self, name: str) -> list[int]:
        """Return the indices of all classes called ``name``: one a class loader."""
        return [index for index, known in enumerate(self.classes.names) if known == name]

    def find_subclasses(self, name: str) -> Flags:
        """Return, by class index, which classes are or inherit from ``name``."""
        found = np.zeros(len(self.classes), np.bool_)
        found[self.find_class(name)] = True
        parent = self.classes.super_index
        while True:
            more = found | ((parent >= 0) & found[parent])
            if np.array_equal(more, found):
                return found
            found = more

    def instances(self, class_index: int | list[int] | Flags) -> Ints:
        """Return the ordinals of all instances of one or several classes, ascending."""
        wanted = np.zeros(len(self.classes), np.bool_)
        wanted[class_index] = True
        return np.flatnonzero(wanted[self.class_index]).astype(np.int32)

    def find_object(self, address: int) -> int:
        """Return the ordinal of the object at ``address``.

        Raises
        ------
        UsageError
            If no object starts there.
        """
        found = np.flatnonzero(np.asarray(self.addresses) == address)
        if found.size:
            return int(found[0])
        raise UsageError(f"no object starts at 0x{address:x} in {self.facts.name}")

    def referents(self, ordinal: int) -> Ints:
        """Return what an object refers to and retains, in the order of its fields."""
        return self.targets[self.begin[ordinal] : self.begin[ordinal + 1]]

    def referrers(self, ordinal: int) -> Ints:
        """Return what refers to an object and retains it; builds an index on first use."""
        begin, sources = self.referrer_rows
        return sources[begin[ordinal] : begin[ordinal + 1]]

    def dominated(self, ordinal: int) -> Ints:
        """Return what an object immediately dominates (-1: the virtual root's), ascending."""
        begin, children = self.dominated_rows
        return children[begin[ordinal + 1] : begin[ordinal + 2]]

    def fields(self, ordinal: int) -> list[FieldValue]:
        """Return the decoded fields of an instance, or the statics of a class object."""
        return self.content.fields(ordinal)

    def sql(self, query: str) -> pl.DataFrame:
        """Answer SQL over objects, classes, refs, roots and threads; see ``heap.sql``."""
        from forensics.heap.sql import query_heap  # noqa: PLC0415  # it needs this module

        return query_heap(self, query)

    @cached_property
    def referrer_rows(self) -> tuple[Offsets, Ints]:
        """References by target in compressed rows: 4 bytes a reference and an object."""
        return transpose_rows(self.begin, self.targets)

    @cached_property
    def dominated_rows(self) -> tuple[Ints, Ints]:
        """Dominator tree by parent in compressed rows; row 0 is the virtual root's."""
        return group_children(self.dominator)

    @cached_property
    def root_kinds(self) -> dict[int, str]:
        """Kinds of root by ordinal, several joined by a comma."""
        grouped = self.roots.group_by("object", maintain_order=True).agg(pl.col("kind").unique())
        return {row[0]: ", ".join(sorted(row[1])) for row in grouped.iter_rows()}

    @cached_property
    def root_ordinals(self) -> Ints:
        """Ordinals that GC roots hold directly, ascending; locals are held by their thread."""
        held = self.roots.filter(pl.col("holder") < 0)
        return held["object"].unique().sort().to_numpy()
