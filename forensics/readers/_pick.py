"""Choose the reader for a file: highest answer wins, a tie is an error that names both."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from forensics.errors import AmbiguousFormatError, UnknownFormatError, UsageError
from forensics.plugins import Plugin, find_plugins
from forensics.readers._contract import REQUIRED, Match, Reader, Reading, as_reader
from forensics.readers._source import Source

FOLDERS: Final = tuple(
    f"forensics.readers.{kind}" for kind in ("heap", "metrics", "logs", "changes")
)


def list_readers() -> tuple[Plugin, ...]:
    """Return all readers, those whose optional library is missing included."""
    return tuple(plugin for folder in FOLDERS for plugin in find_plugins(folder, REQUIRED))


def sniff_file(source: Source) -> dict[str, Match]:
    """Return the answer of every available reader that doesn't say no.

    Raises
    ------
    EvidenceError
        If the file can't be opened.
    """
    head = source.head()
    answers: dict[str, Match] = {}
    for plugin in list_readers():
        if plugin.module is not None:
            match = as_reader(plugin.module).sniff(head)
            if match is not Match.NO:
                answers[plugin.name] = match
    return answers


def find_reader(source: Source, reader: str | None = None) -> tuple[str, Reader]:
    """Return name and module of the reader for a file.

    Parameters
    ----------
    source
        The file.
    reader
        Name of the reader to use whatever the content says.

    Raises
    ------
    UsageError
        If ``reader`` names none.
    UnknownFormatError
        If no reader claims the file.
    AmbiguousFormatError
        If two claim it equally.
    """
    plugins = {plugin.name: plugin for plugin in list_readers()}
    if reader is not None:
        chosen = plugins.get(reader)
        if chosen is None:
            raise UsageError(f"no reader is called {reader!r}; there are: {', '.join(plugins)}")
        if chosen.module is None:
            raise UsageError(f"reader {reader!r} is not available: {chosen.unavailable}")
        return reader, as_reader(chosen.module)
    answers = sniff_file(source)
    if not answers:
        raise UnknownFormatError(
            source.name,
            "no reader recognises the content",
            expected="one of the formats that `forensics doctor --formats` lists",
            way_out="name the reader with --reader, or convert the file to CSV",
        )
    best = max(answers.values())
    names = [name for name, match in answers.items() if match is best]
    if len(names) > 1:
        raise AmbiguousFormatError(
            source.name,
            f"{' and '.join(names)} claim it equally",
            way_out=f"decide with --reader {names[0]}",
        )
    return names[0], as_reader(plugins[names[0]].module)


def read_file(
    path: str | Path | Source, *, reader: str | None = None, cache: Path | None = None
) -> Reading:
    """Read one evidence file with the reader that its content asks for.

    Parameters
    ----------
    path
        The file, or a ``Source`` with limits of its own.
    reader
        Name of the reader to use instead of sniffing.
    cache
        Folder for derived files of large evidence.

    Raises
    ------
    EvidenceError
        If nothing can be read; damage that leaves a partial result is in ``Reading.damage``.
    UsageError
        If ``reader`` names none.
    """
    source = path if isinstance(path, Source) else Source(Path(path), cache=cache)
    _, module = find_reader(source, reader)
    return module.read(source).check()
