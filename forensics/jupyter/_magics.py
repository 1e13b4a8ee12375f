"""``%%sql`` over the tables of a case, ``%heap`` for a dump, ``%case`` for a folder."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from IPython.core.error import UsageError as ShellUsageError
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class

from forensics.errors import ForensicsError
from forensics.jupyter._namespace import list_dumps, list_tables, tables_of

if TYPE_CHECKING:
    from forensics.evidence import Case
    from forensics.jupyter.explorer import HeapExplorer

_MOST_ROWS: Final = 1_000_000


def register(shell: Any) -> None:
    """Register the magics with a shell."""
    shell.register_magics(ForensicsMagics)


@magics_class
class ForensicsMagics(Magics):
    """The magics of ``%load_ext forensics``."""

    def _names(self) -> dict[str, Any]:
        assert self.shell is not None  # a shell made us
        names: dict[str, Any] = self.shell.user_ns
        return names

    @line_magic
    def case(self, line: str) -> Case:
        """Open a folder of evidence as ``case``: ``%case evidence/``."""
        from forensics.evidence import open_case  # noqa: PLC0415  # loads the readers

        words = shlex.split(line)
        if len(words) != 1:
            raise ShellUsageError("write %case FOLDER")
        opened = open_case(Path(words[0]).expanduser())
        self._names()["case"] = opened
        return opened

    @line_cell_magic
    def sql(self, line: str, cell: str | None = None) -> pl.DataFrame | None:
        """Ask the tables of the case, and frames of the notebook, in SQL.

        ``%sql SELECT ...`` or a cell that begins with ``%%sql``, or with ``%%sql NAME`` to
        keep the answer as ``NAME`` without showing it. Tables are metrics, logs, changes,
        events, gc and whatever else the case holds, and every polars frame by its name.
        Logs are read lazily. The dialect is that of polars.
        """
        query = line if cell is None else cell
        keep = "" if cell is None else line.strip()
        if keep and not keep.isidentifier():
            raise ShellUsageError(f"%%sql {keep}: a name for the answer, or nothing")
        if not query.strip():
            raise ShellUsageError(f"no query; tables: {', '.join(list_tables(self._names()))}")
        answer = ask(query, self._names())
        if keep:
            self._names()[keep] = answer
            return None
        return answer

    @line_magic
    def heap(self, line: str) -> HeapExplorer:
        """Open a heap dump and explore it: ``%heap FILE``, or a dump of the case by its name.

        ``heap = %heap FILE`` keeps the explorer; its ``graph`` answers questions.
        """
        from forensics.jupyter import explore  # noqa: PLC0415  # loads ipywidgets
        from forensics.readers.heap import open_heap  # noqa: PLC0415  # loads numba

        words = shlex.split(line)
        dumps = list_dumps(self._names())
        if len(words) != 1:
            known = f"; dumps of the case: {', '.join(dumps)}" if dumps else ""
            raise ShellUsageError(f"write %heap FILE{known}")
        if words[0] in dumps:
            return explore(dumps[words[0]].open())
        return explore(open_heap(Path(words[0]).expanduser()))


def ask(query: str, names: dict[str, Any]) -> pl.DataFrame:
    """Return what a query answers over the tables that ``names`` holds.

    Raises
    ------
    ForensicsError
        If the query is no SQL that polars knows, or names a table or column that isn't there.
    """
    tables = tables_of(names)
    if not tables:
        raise ForensicsError("there is no table to ask; open evidence first: %case FOLDER")
    try:
        answer = pl.SQLContext(tables).execute(query.strip().rstrip(";"), eager=False)
        return answer.head(_MOST_ROWS).collect()
    except pl.exceptions.PolarsError as error:
        known = ", ".join(sorted(tables))
        columns = _columns_in(query, tables)
        raise ForensicsError(f"{_first_line(error)}; tables: {known}{columns}") from error


def _columns_in(query: str, tables: dict[str, pl.LazyFrame]) -> str:
    """Return the columns of the tables that a query names."""
    words = set(query.replace(",", " ").split())
    named = [name for name in sorted(tables) if name in words]
    return "".join(
        f"; columns of {name}: {', '.join(tables[name].collect_schema().names())}" for name in named
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
