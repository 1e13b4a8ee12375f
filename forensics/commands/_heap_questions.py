"""``forensics heap diff``, ``forensics heap survey`` and ``forensics heap sanitize``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from forensics.commands._output import print_json, print_table, print_text
from forensics.run.engine import ENGINE_HELP


def diff(
    dumps: Annotated[list[Path], typer.Argument(help="Two or more dumps of one process.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    top: Annotated[int, typer.Option(help="Rows of a table; --json prints all classes.")] = 20,
    cache: Annotated[Path | None, typer.Option(help="Folder of the indexes.")] = None,
) -> None:
    """Growth by class and by holder over dumps, oldest first by their time stamps.

    Example: forensics heap diff before.hprof.gz after.hprof.gz --json | jq .holders
    """
    from forensics.heap.diff import summarise_growth
    from forensics.readers.heap import open_heap

    answer = summarise_growth([open_heap(dump, cache=cache) for dump in dumps])
    if as_json:
        print_json(answer)
        return
    files: list[dict[str, Any]] = answer["files"]
    print_text(" -> ".join(f"{file['file']} ({file['held_bytes']:,} bytes)" for file in files))
    for note in answer["notes"]:
        print_text(f"note: {note}")
    print_table(answer["classes"].head(top), title="Growth by class")
    for row in answer["holders"].iter_rows(named=True):
        print_text(
            f"\nGrowth: {row['growth_bytes']:,} bytes, {row['share']:.0%} of all, in {row['class']}"
        )
        print_text(f"  held by   {' > '.join(row['held_by'])}")
        for level in row["contents"]:
            counts = " > ".join(f"{count:,}" for count in level["instances"])
            print_text(f"  contains  {level['class']}: {counts}")
    print_text("")
    print_table(answer["survivors"].head(top), title="Survivors at one address")


def survey(
    dumps: Annotated[list[Path], typer.Argument(help="Dumps of any processes; names tell them.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
    top: Annotated[int, typer.Option(help="Rows of a table; --json prints all.")] = 20,
    cache: Annotated[Path | None, typer.Option(help="Folder of the indexes.")] = None,
    engine: Annotated[str, typer.Option(help=ENGINE_HELP)] = "local",
) -> None:
    """Tell what many dumps have in common: suspects by how many have them, classes by sum.

    Example: forensics heap survey pods/*.hprof.gz --engine dask:4
    """
    from forensics.run.dumps import survey_dumps
    from forensics.run.engine import open_engine

    with open_engine(engine) as opened:
        found = survey_dumps(dumps, engine=opened, cache=cache)
    if as_json:
        print_json(
            {"dumps": found.dumps, "suspects": found.suspects, "classes": found.classes},
        )
        return
    print_table(found.dumps, title="Dumps")
    for row in found.suspects.head(top).iter_rows(named=True):
        print_text(f"\nSuspect in {row['dumps']} of {found.dumps.height}: {row['example']}")
    print_text("")
    print_table(found.classes.head(top), title="Classes of all dumps")


def sanitize(
    source: Annotated[Path, typer.Argument(metavar="IN", help="HPROF, plain, gzip or zstd.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="New file; .gz is packed.")],
    *,
    numbers: Annotated[bool, typer.Option(help="Blank numeric fields, too.")] = False,
    force: Annotated[bool, typer.Option(help="Replace OUT.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False,
) -> None:
    """Write a copy without contents: arrays of primitives blanked, structure kept.

    Example: forensics heap sanitize heap.hprof.gz shared.hprof.gz
    """
    from forensics.readers.heap._sanitize import sanitize_dump

    counts = sanitize_dump(source, target, with_numbers=numbers, replace=force)
    if as_json:
        print_json(counts)
        return
    for name, count in counts.items():
        print_text(f"{name.replace('_', ' ')}: {count:,}" if isinstance(count, int) else f"{count}")
