"""``forensics heap DUMP``: what is in a heap dump, and who holds it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from forensics.commands._group import DefaultGroup
from forensics.commands._heap_ask import ask_heap, list_questions
from forensics.commands._heap_questions import diff, sanitize, survey
from forensics.commands._output import print_json, print_table, print_text
from forensics.errors import UsageError

if TYPE_CHECKING:
    from forensics.heap.graph import HeapGraph

_COLUMNS = ("class", "instances", "shallow_bytes", "retained_bytes")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(
        cls=DefaultGroup, help="Question heap dumps and V8 snapshots.", no_args_is_help=True
    )
    group.command(
        "show", epilog=f"Questions (OBJECT is 0xADDRESS or an index):\n\n{list_questions()}"
    )(show)
    group.command("diff")(diff)
    group.command("survey")(survey)
    group.command("sanitize")(sanitize)
    app.add_typer(group, name="heap")


def show(
    dump: Annotated[Path, typer.Argument(help="HPROF or .heapsnapshot, plain, gzip or zstd.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    raw_sizes: Annotated[
        bool, typer.Option("--raw-sizes", help="Sizes of the dump, not of the machine.")
    ] = False,
    top: Annotated[int, typer.Option(help="Rows of a table; --json prints all classes.")] = 20,
    cache: Annotated[Path | None, typer.Option(help="Folder of the index.")] = None,
    ask: Annotated[str | None, typer.Option(help="One question; they are listed below.")] = None,
    of: Annotated[str | None, typer.Option(help="What --ask is about: OBJECT or CLASS.")] = None,
    sql: Annotated[
        str | None, typer.Option(help="SQL over objects, classes, refs, roots, threads.")
    ] = None,
    histogram: Annotated[
        bool,
        typer.Option("--histogram", help="Count classes only: seconds where all takes a minute."),
    ] = False,
) -> None:
    """Histogram, biggest objects and leak suspects of one heap dump.

    Example: forensics heap heap.hprof.gz --json | jq .suspects

    Example: forensics heap heap.hprof.gz --ask paths --of com.acme.Order

    Example: forensics heap heap.hprof.gz --sql "select * from classes order by instances desc"

    Example: forensics heap heap.hprof --histogram --top 10
    """
    if histogram:
        _print_histogram(dump, "raw" if raw_sizes else "jvm", top, as_json=as_json)
        return
    from forensics.readers.heap import open_heap  # --help needs no numba

    graph = open_heap(dump, cache=cache, sizes="raw" if raw_sizes else "jvm")
    if ask is not None or sql is not None:
        _print_answer(graph, ask, of, sql, top=None if as_json else top)
        return
    answer = summarise(graph, top)
    if as_json:
        print_json(answer)
        return
    print_text(
        f"{graph.facts.name}: {graph.facts.format}, {answer['objects']:,} objects, "
        f"{answer['classes']:,} classes, {answer['shallow_bytes']:,} bytes, "
        f"{answer['unreachable']['objects']:,} objects unreachable"
    )
    for note in graph.facts.notes:
        print_text(f"note: {note}")
    if not graph.damage.is_empty():
        print_table(graph.damage, title="Damage")
    print_table(answer["histogram"].head(top), title="Histogram")
    print_table(answer["biggest"], title="Biggest objects")
    suspects = answer["suspects"]
    if suspects.is_empty():
        print_text("Suspects: none. No class piles up to a fifth of what is held.")
    for row in suspects.iter_rows(named=True):
        print_text(f"\nSuspect: {row['summary']}")
        print_text(f"  held by   {' > '.join(row['held_by'])}")
        contents = [f"{level['class']} x {level['instances']:,}" for level in row["contents"]]
        print_text(f"  contains  {' > '.join(contents)}")
        if row["limit"]:
            print_text(f"  at its limit: {row['limit']}; a full cache looks like this")
        if row["stack"]:
            print_text(f"  stack     {' < '.join(row['stack'][:5])}")


def _print_answer(
    graph: HeapGraph, ask: str | None, of: str | None, sql: str | None, *, top: int | None
) -> None:
    """Print the frame that a question or a query gives: all as JSON, or the first rows."""
    from forensics.heap.sql import query_heap

    if ask is not None and sql is not None:
        raise UsageError("give --ask or --sql, not both")
    frame = query_heap(graph, sql) if sql is not None else ask_heap(graph, ask or "", of)
    if top is None:
        print_json(frame)
        return
    print_table(frame.head(top))
    if frame.height > top:
        print_text(f"{frame.height - top:,} more rows: --top N or --json")


def _print_histogram(dump: Path, sizes: Literal["jvm", "raw"], top: int, *, as_json: bool) -> None:
    """Print what one walk over the records tells."""
    from forensics.readers.heap import count_heap  # --help needs no numba

    found = count_heap(dump, sizes=sizes)
    answer = {
        "file": found.name,
        "format": found.format,
        "id_bytes": found.id_bytes,
        "objects": found.objects,
        "classes": found.class_objects,
        "gc_roots": found.gc_roots,
        "shallow_bytes": int(found.classes["shallow_bytes"].sum()),
        "object_layout": found.layout,
        "percent_read": found.percent_read,
        "damage": found.damage,
        "histogram": found.classes,
    }
    if as_json:
        print_json(answer)
        return
    print_text(
        f"{found.name}: {found.format}, {found.objects:,} objects, {found.class_objects:,} "
        f"classes, {answer['shallow_bytes']:,} bytes"
    )
    if not found.damage.is_empty():
        print_table(found.damage, title="Damage")
    print_table(found.classes.head(top), title="Histogram")


def summarise(graph: HeapGraph, top: int = 20) -> dict[str, Any]:
    """Return what ``forensics heap DUMP --json`` prints; frames become lists of rows."""
    from forensics.heap import (  # --help needs no numba
        UNREACHABLE,
        count_classes,
        find_biggest,
        find_suspects,
    )

    is_garbage = graph.reach == UNREACHABLE
    garbage_units = int(graph.shallow_units.sum(where=is_garbage, dtype="int64"))
    facts = graph.facts
    return {
        "file": facts.name,
        "format": facts.format,
        "id_bytes": facts.id_bytes,
        "objects": len(graph),
        "classes": graph.classes.object_count or len(graph.classes),
        "gc_roots": graph.roots.height,
        "shallow_bytes": graph.total_bytes,
        "reachable_bytes": graph.held_bytes,
        "unreachable": {
            "objects": int(is_garbage.sum()),
            "shallow_bytes": garbage_units * graph.unit_bytes,
        },
        "object_layout": facts.layout,
        "dumps_in_file": facts.dumps,
        "read_bytes": facts.read_bytes,
        "percent_read": facts.percent_read,
        "roots_presumed": facts.has_presumed_roots,
        "damage": graph.damage,
        "notes": list(facts.notes),
        "histogram": count_classes(graph).select(_COLUMNS),
        "biggest": find_biggest(graph, top),
        "suspects": find_suspects(graph),
    }
