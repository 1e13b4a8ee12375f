"""The questions of ``forensics heap DUMP --ask NAME``: name, function, what it answers."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final, NamedTuple

from forensics.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from forensics.heap.graph import HeapGraph


class Question(NamedTuple):
    """Where the function is, and what it wants: nothing, an object or a class."""

    place: str
    about: str
    answers: str


QUESTIONS: Final = {
    "classes": Question("histogram.count_classes", "", "instances and bytes by class"),
    "packages": Question("histogram.count_packages", "", "instances and bytes by package"),
    "loaders": Question("histogram.count_loaders", "", "classes and bytes by class loader"),
    "copies": Question("loaders.find_duplicate_classes", "", "classes that several loaders define"),
    "biggest": Question("tree.find_biggest", "", "objects that retain most"),
    "dominated": Question("tree.list_dominated", "object?", "what an object alone holds"),
    "suspects": Question("suspects.find_suspects", "", "where memory piles up, and who holds it"),
    "path": Question("paths.list_root_path", "object", "why an object is still there"),
    "paths": Question("merged_paths.merge_root_paths", "class", "paths to all of a class, merged"),
    "fields": Question("inspector.list_fields", "object", "fields of an object, decoded"),
    "entries": Question("inspector.list_entries", "object", "entries of a map, elements of a list"),
    "referents": Question("inspector.list_referents", "object", "what an object refers to"),
    "referrers": Question("inspector.list_referrers", "object", "what refers to an object"),
    "threads": Question("threads.list_threads", "", "threads, held bytes, stacks"),
    "locals": Question("threads.list_locals", "", "local variables of threads, largest first"),
    "resources": Question(
        "resources.summarise_resources", "", "connections, sockets, ... by state"
    ),
    "unreleased": Question("resources.find_resources", "", "each resource with its state fields"),
    "strings": Question("strings.find_duplicate_strings", "", "texts kept several times"),
    "collections": Question("waste.find_wasted_collections", "", "empty and sparse collections"),
    "arrays": Question("waste.find_empty_arrays", "", "big arrays that are mostly empty"),
    "buffers": Question("buffers.list_direct_buffers", "", "native memory of direct buffers"),
    "finalizers": Question("finalizers.count_finalizers", "", "objects that wait for a finalizer"),
    "detached": Question("detached.find_detached", "", "detached document nodes (V8)"),
    "properties": Question("properties.find_properties", "", "system properties, versions"),
}


def list_questions() -> str:
    """Return all questions, one a line, for ``--help``."""
    lines = [f"{name}{_wants(q.about)}: {q.answers}" for name, q in QUESTIONS.items()]
    return "\n\n".join(lines)


def ask_heap(graph: HeapGraph, name: str, about: str | None) -> pl.DataFrame:
    """Answer one question; ``about`` is an address (0x...), an index or a class name.

    Raises
    ------
    UsageError
        If there is no such question, or what it is about is missing.
    """
    question = QUESTIONS.get(name)
    if question is None:
        raise UsageError(f"no question is called {name!r}; there are: {', '.join(QUESTIONS)}")
    module, function = question.place.split(".")
    answer = getattr(importlib.import_module(f"forensics.heap.{module}"), function)
    frame: pl.DataFrame
    if about is None:
        if question.about in ("object", "class"):
            raise UsageError(f"--ask {name} needs --of {question.about.upper()}")
        frame = answer(graph)
    elif question.about == "class":
        frame = answer(graph, about)
    elif question.about:
        frame = answer(graph, find_object(graph, about))
    else:
        raise UsageError(f"--ask {name} is about the whole heap; leave out --of")
    return frame


def find_object(graph: HeapGraph, text: str) -> int:
    """Return the object at an address (``0x...``, ``@...``) or with an index.

    Raises
    ------
    UsageError
        If there is none.
    """
    try:
        if text.startswith(("0x", "0X")):
            return graph.find_object(int(text, 16))
        if text.startswith("@"):
            return graph.find_object(int(text[1:]))
        index = int(text)
    except ValueError:
        raise UsageError(f"{text!r} is no object: give 0xADDRESS, @ID or an index") from None
    if not 0 <= index < len(graph):
        raise UsageError(f"there is no object {index}; indexes go from 0 to {len(graph) - 1}")
    return index


def _wants(about: str) -> str:
    return {"": "", "object?": " [--of OBJECT]"}.get(about, f" --of {about.upper()}")
