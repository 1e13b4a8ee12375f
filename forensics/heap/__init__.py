"""Questions to one heap graph: a read-only graph and one file per question.

``forensics.open_heap(path)`` gives a ``HeapGraph``. Objects are dense ordinals
(``0 <= o < len(graph)``), class objects first; addresses appear at the border only.

Arrays of the graph, by ordinal (mapped from the index: touching them is I/O)::

    graph.class_index[o]           class, into graph.classes.names
    graph.shallow_bytes(ordinals)  own sizes; graph.retained_bytes(ordinals) retained sizes
    graph.dominator[o]             immediate dominator, -1: the virtual root
    graph.reach[o]                 STRONG, WEAK (only soft/weak/phantom/finalizer), UNREACHABLE
    graph.addresses[o]             graph.find_object(address) is the inverse
    graph.begin, graph.targets     references in compressed rows
    graph.weak_source, weak_target references that do not retain

One object::

    graph.referents(o), graph.referrers(o), graph.dominated(o)    ordinals
    graph.fields(o)                FieldValue(name, type, value, declared_by), decoded lazily
    graph.label(o), graph.class_name(o)
    graph.content.array(o), .array_length(o), .text(o), .reference_names(source, target)

Many objects at once (vectorised; use these in questions)::

    graph.find_class(name), graph.find_subclasses(name), graph.instances(class_or_flags)
    graph.content.column(ordinals, field)   one field of many objects: numbers or ordinals
    graph.content.array_lengths(ordinals)

Frames: ``graph.roots``, ``graph.threads``, ``graph.frames``, ``graph.damage``. Facts:
``graph.facts`` (format, layout, percent read, notes), ``graph.held_bytes`` (100 % of a
share), ``graph.total_bytes``.

Questions: ``histogram`` (classes, packages, loaders), ``tree`` (biggest, dominated, retained
sets), ``outline`` (the dominator tree by class), ``paths`` (shortest path from a GC root),
``merged_paths`` (to all of a class), ``suspects``, ``inspector`` (fields, referents,
referrers, entries of one object), ``values`` (decoded), ``threads``, ``resources``,
``properties``, ``detached`` (V8) and more, a file each.
Each function takes a graph and returns a polars frame; ``graph.sql(...)`` answers SQL.
"""

from forensics.heap.graph import STRONG, UNREACHABLE, WEAK, FieldValue, HeapGraph
from forensics.heap.histogram import count_classes, count_loaders, count_packages
from forensics.heap.outline import outline_heap
from forensics.heap.paths import find_root_path, list_root_path
from forensics.heap.suspects import find_suspects
from forensics.heap.tree import (
    compute_retained_set,
    describe_objects,
    find_biggest,
    list_dominated,
    list_dominated_by_class,
)

__all__ = [
    "STRONG",
    "UNREACHABLE",
    "WEAK",
    "FieldValue",
    "HeapGraph",
    "compute_retained_set",
    "count_classes",
    "count_loaders",
    "count_packages",
    "describe_objects",
    "find_biggest",
    "find_root_path",
    "find_suspects",
    "list_dominated",
    "list_dominated_by_class",
    "list_root_path",
    "outline_heap",
]
