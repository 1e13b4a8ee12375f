"""What an engineer recognises in a heap: classes of the application, their fields and limits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from forensics.errors import UsageError
from forensics.heap.graph import FieldValue, HeapGraph
from forensics.heap.levels import Level, LevelTree
from forensics.heap.paths import RootPath
from forensics.kernels import levels as kernel
from forensics.kernels._types import Flags, Ints

#: Run-time libraries of languages: their classes say how something is kept, not what it is.
_RUNTIME: Final = re.compile(
    r"^(?:java|javax|jdk|sun|com\.sun|kotlin|kotlinx|scala|groovy|clojure|android|androidx|dalvik"
    r"|libcore)\."
)
#: Loaders of the platform's own classes.
_PLATFORM_LOADERS: Final = (
    "jdk.internal.loader.ClassLoaders$PlatformClassLoader",
    "jdk.internal.loader.ClassLoaders$BootClassLoader",
    "sun.misc.Launcher$ExtClassLoader",
    "java.lang.BootClassLoader",
)
_PRIMITIVE: Final = re.compile(r"^(?:boolean|char|float|double|byte|short|int|long)$")
#: Cells of collections by the last word of their names; lambdas and anonymous classes.
_CARRIER: Final = re.compile(
    r"(?:Node|Entry|Link|Bucket|Segment|Slot|Bin|Cell)\d*$|\$\$Lambda|\$\d+$|/0x[0-9a-f]+$"
)
#: Names that bounded collections give to their bound.
_LIMIT: Final = re.compile(
    r"^(?:max(?:imum)?|limit|capacity|bound)(?:$|_|[A-Z])|(?:Max|Maximum|Limit|Capacity|Bound)$"
)
#: What V8 and the language bring along; ``system / Context`` has the variables of closures.
_V8_RUNTIME: Final = re.compile(
    r"^(?:\(|system /|Node /|node::|v8::|blink::|Object\b|Function$|Array$|Map$|Set$|WeakMap$"
    r"|WeakSet$"
    r"|WeakRef$|Promise$|RegExp$|Date$|Error$|Symbol$|String$|Number$|Boolean$|BigInt$|Generator$"
    r"|Arguments$|Buffer$|ArrayBuffer$|SharedArrayBuffer$|DataView$|\w*Array$|Iterator$|Module$)"
)
_V8_HOLDERS: Final = re.compile(r"^(?:Object\b|Function$|Module$|system / Context)")
_LEAST_LIMIT: Final = 100
_SAMPLE: Final = 200
_HOPS: Final = 4


class Meaning:
    """Tells classes of the application from those of the platform in one graph.

    A class is the application's (or one of its libraries') if a loader other than the
    platform's defined it and its package is of no language's run-time library. Where no such
    loader is in the dump, the package alone decides. Arrays count as their elements do.
    """

    def __init__(self, graph: HeapGraph) -> None:
        self.graph = graph
        self.is_application = _application_classes(graph)
        self._may_own = self.is_application.copy()
        if _is_v8(graph):
            holders = [bool(_V8_HOLDERS.match(name)) for name in graph.classes.names]
            self._may_own |= np.array(holders, np.bool_)
        names = graph.classes.names
        self.names = {names[i] for i in np.flatnonzero(self.is_application).tolist()}
        self._mirrors = graph.find_class("java.lang.Class")

    def name_piled(self, tree: LevelTree, levels: Sequence[Level]) -> tuple[str, int]:
        """Return the class that says most about a pile, and how many of it there are.

        The first class of the application on the levels, cells of collections aside; else the
        nearest that the objects refer to; else the nearest that refers to them; else the
        first class that is more than structure.
        """
        named = [(tree.name(level.kind), tree, level) for level in levels]
        own = [n for n in named if self._is_own(tree, n[2]) and not n[0].endswith("[]")]
        told = [n for n in own if not _CARRIER.search(n[0])]
        for name, _, level in (*told, *own):
            return name, level.count
        members = levels[0].members
        told_by = self._look_inside(members) or self._look_outside(members)
        if told_by:
            return told_by, levels[0].count
        plain = [n for n in named if not is_structure(n[0])]
        values = [n for n in named if not _CARRIER.search(n[0])]
        if not plain and not values:
            kept = self._name_kept(members)
            if kept:
                return kept, levels[0].count
        name, _, level = (plain or values or named)[0]
        return name, level.count

    def _name_kept(self, members: Ints) -> str | None:
        """Return the class that most cells of a sample refer to: rather a value than a text."""
        step = max(members.size // _SAMPLE, 1)
        reached = [self.graph.referents(int(o))[:8] for o in members[::step][:_SAMPLE]]
        names = Counter(self.graph.class_name(int(t)) for part in reached for t in part)
        kept = [n for n, _ in names.most_common() if not _CARRIER.search(n)]
        told = [n for n in kept if not n.startswith("java.lang.")]
        return next(iter(told or kept), None)

    def has_own(self, tree: LevelTree, kinds: Sequence[int]) -> bool:
        """Say whether one of the kinds is of the application."""
        return any(kind >= 0 and self.is_application[tree.class_of(kind)] for kind in kinds)

    def name_owner(self, path: RootPath) -> str | None:
        """Return the last ``class.field`` of the application on the way to an object."""
        fallback = None
        for ordinal, field in reversed(list(zip(path.ordinals, path.fields, strict=False))):
            is_mirror = ordinal < self.graph.classes.object_count
            index = ordinal if is_mirror else int(self.graph.class_index[ordinal])
            name = self.graph.classes.names[index]
            if not self._may_own[index] or name.endswith("[]"):
                continue
            if not _CARRIER.search(name) and not field.startswith("["):
                return f"{name}.{field}"
            fallback = fallback or f"{name}.{field}"
        return fallback

    def _is_own(self, tree: LevelTree, level: Level) -> bool:
        return bool(self.is_application[tree.class_of(level.kind)])

    def _look_inside(self, members: Ints) -> str | None:
        """Return the class of the application that most of a sample refer to, nearest first."""
        step = max(members.size // _SAMPLE, 1)
        edge = [int(o) for o in members[::step][:_SAMPLE]]
        seen = set(edge)
        for _ in range(_HOPS):
            reached = [int(t) for o in edge for t in self.graph.referents(o)[:8]]
            edge = [o for o in dict.fromkeys(reached) if o not in seen]
            edge = [o for o in edge if o >= self.graph.classes.object_count]
            seen.update(edge)
            found = Counter(self.graph.class_name(o) for o in edge)
            best = self._best(found)
            if best and found[best] * 2 >= min(members.size, _SAMPLE):
                return best
        return None

    def _look_outside(self, members: Ints) -> str | None:
        """Return the class of the application that refers to most members, nearest first."""
        graph = self.graph
        is_member: Flags = np.zeros(len(graph), np.bool_)
        is_member[members] = True
        rows = (graph.begin, graph.targets, graph.class_index)
        for _ in range(_HOPS):
            counts = kernel.count_referrer_classes(*rows, is_member, len(graph.classes))
            counts[self._mirrors] = 0
            best = int(np.argmax(counts))
            name = graph.classes.names[best]
            is_member = kernel.mark_referrers(*rows, is_member, best)
            if int(is_member.sum()) * 2 < members.size:
                return None  # fewer and fewer: these hold the pile, they are not what it is of
            if self.is_application[best] and not name.endswith("[]"):
                return name
        return None

    def _best(self, found: Counter[str]) -> str | None:
        own = [n for n, _ in found.most_common() if n in self.names and not n.endswith("[]")]
        return next((n for n in own if not _CARRIER.search(n)), own[0] if own else None)


def find_limit(graph: HeapGraph, path: RootPath, count: int) -> str | None:
    """Return the bound that a holder of ``count`` objects declares and that is reached.

    Looks for a number called maximum, limit, capacity or bound in the last four objects of
    the path, within a tenth of ``count``.
    """
    if _is_v8(graph):
        return None  # snapshots have no numbers
    for ordinal in reversed(path.ordinals[-_HOPS:]):
        for slot in read_fields(graph, ordinal):
            value = slot.value
            if slot.type not in ("int", "long") or not isinstance(value, int):
                continue
            is_reached = value >= _LEAST_LIMIT and 0.9 * value <= count <= 1.1 * value
            if is_reached and _LIMIT.search(slot.name):
                return f"{graph.label(ordinal)}.{slot.name} = {value}"
    return None


def read_fields(graph: HeapGraph, ordinal: int) -> list[FieldValue]:
    """Return the fields of an object; none of an array or of null."""
    try:
        return graph.fields(ordinal) if ordinal >= 0 else []
    except UsageError:
        return []


def is_structure(name: str) -> bool:
    """Say whether a class only says how things are kept: arrays, ``java.util``, V8's own."""
    return name.endswith("[]") or name.startswith(("java.util.", "("))


def _is_v8(graph: HeapGraph) -> bool:
    return graph.facts.format.startswith("v8")


def _application_classes(graph: HeapGraph) -> Flags:
    if _is_v8(graph):
        return np.array([not _V8_RUNTIME.match(name) for name in graph.classes.names], np.bool_)
    loaders = graph.classes.loader
    loader_names = {o: graph.class_name(o) if o >= 0 else "" for o in set(loaders.tolist())}
    platform = {o for o, name in loader_names.items() if o < 0 or name in _PLATFORM_LOADERS}
    names = graph.classes.names
    is_runtime = np.array([_is_runtime(name) for name in names], np.bool_)
    if platform >= loader_names.keys():
        return ~is_runtime
    is_platform = np.ones(len(names), np.bool_)
    is_platform[: loaders.size] = [o in platform for o in loaders.tolist()]
    of_element = dict(zip(names, is_platform.tolist(), strict=True))
    for index, name in enumerate(names):
        if name.endswith("[]"):
            is_platform[index] = of_element.get(name.rstrip("[]"), True)
    return ~(is_platform | is_runtime)


def _is_runtime(name: str) -> bool:
    bare = name.rstrip("[]")
    return bool(_RUNTIME.match(bare) or _PRIMITIVE.match(bare)) or bare.startswith("<")
