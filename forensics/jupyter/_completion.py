"""Tab completion inside quotes and ``%%sql``: classes, metrics, entities, tables, columns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from IPython.core.completer import (
    CompletionContext,
    SimpleCompletion,
    SimpleMatcherResult,
    context_matcher,
)

from forensics.jupyter._namespace import find_case, iter_heaps, list_dumps, tables_of

_MOST: Final = 200
_QUOTED: Final = re.compile(r"""(["'])([^"'\n]*)$""")
_WORD: Final = re.compile(r"[\w.$\[\]]*$")
_HEAP: Final = re.compile(r"^\s*(?:\w+\s*=\s*)?%heap\s+(\S*)$")
_WORDS: Final = (
    "SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "JOIN", "HAVING", "DISTINCT",
)  # fmt: skip


def register(shell: Any) -> None:
    """Add the matcher to a shell's completer."""
    unregister(shell)
    shell.Completer.custom_matchers.append(_matcher(shell))


def unregister(shell: Any) -> None:
    """Take the matcher away."""
    matchers = shell.Completer.custom_matchers
    matchers[:] = [m for m in matchers if getattr(m, "matcher_identifier", "") != _NAME]


_NAME: Final = "forensics"


def _matcher(shell: Any) -> Any:
    @context_matcher(identifier=_NAME)  # type: ignore[untyped-decorator]  # IPython
    def match(context: CompletionContext) -> SimpleMatcherResult:
        start, found = complete(context.text_until_cursor, context.full_text, shell.user_ns)
        fragment = context.text_until_cursor[start:]
        return {
            "completions": [SimpleCompletion(text=text, type="forensics") for text in found],
            "matched_fragment": fragment,
            "suppress": bool(found),
        }

    return match


def complete(line: str, cell: str, names: dict[str, Any]) -> tuple[int, list[str]]:
    """Return where the completed word begins in ``line``, and what it may become.

    Parameters
    ----------
    line
        Text of the line up to the cursor.
    cell
        Text of the whole cell: one that begins with ``%%sql`` is SQL.
    names
        The notebook's names.
    """
    heap = _HEAP.match(line)
    if heap:
        return heap.start(1), _fitting(heap.group(1), list_dumps(names))
    quoted = _QUOTED.search(line)
    if quoted and line[: quoted.start()].count(quoted.group(1)) % 2 == 0:
        return quoted.start(2), _fitting(quoted.group(2), _quoted_words(names))
    if cell.lstrip().startswith(("%%sql", "%sql")):
        word = _WORD.search(line)
        start = word.start() if word else len(line)
        return start, _fitting(line[start:], _sql_words(names, cell))
    return len(line), []


def _fitting(start: str, words: Iterable[str]) -> list[str]:
    """Return the words that begin with ``start``, then those with it after a dot or underscore."""
    known = sorted(set(words))
    wanted = start.lower()
    first = [word for word in known if word.lower().startswith(wanted)]
    inner = re.compile(rf"[._$]{re.escape(wanted)}", re.IGNORECASE)
    more = [word for word in known if len(wanted) > 1 and word not in first and inner.search(word)]
    return [*first, *more][:_MOST]


def _quoted_words(names: dict[str, Any]) -> set[str]:
    """Return what may stand in quotes: class names, metrics, entities."""
    words = {name for graph in iter_heaps(names) for name in graph.classes.names}
    case = find_case(names)
    if case is not None and not case.metrics.is_empty():
        words.update(case.metrics["metric"].unique().to_list())
        words.update(name for name in case.metrics["entity"].unique().to_list() if name)
    return words


def _sql_words(names: dict[str, Any], cell: str) -> set[str]:
    """Return tables, keywords, and columns: of the tables that the cell names, else of all."""
    tables = tables_of(names)
    words = {*tables, *_WORDS}
    named = [name for name in tables if re.search(rf"\b{re.escape(name)}\b", cell)]
    for name in named or tables:
        words.update(tables[name].collect_schema().names())
    return words
