"""Tables as people paste them, told apart from prose and written as Markdown's, line by line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from typing import Final

#: The line under the head of a Markdown table.
_RULED: Final = re.compile(r"^\s*\|[\s:|-]+\|?\s*$")
#: The head of a wiki's table has its pipes doubled.
_WIKI_HEAD: Final = re.compile(r"^\s*\|\|.*\|\|\s*$")
_SEPARATORS: Final = ("\t", ";")
_FEWEST_ROWS, _FEWEST_CUTS = 3, 2


def to_pipes(lines: Sequence[str]) -> list[str]:
    """Return as many lines, those of tables parted by pipes.

    Columns parted by tabs or semicolons are a table if at least three lines in a row have the
    same number of them, two or more.
    """
    found = [line.replace("||", "|") if _WIKI_HEAD.match(line) else line for line in lines]
    for separator in _SEPARATORS:
        numbered = enumerate(line.count(separator) for line in lines)
        for count, group in groupby(numbered, key=lambda pair: pair[1]):
            places = [place for place, _ in group]
            if count >= _FEWEST_CUTS and len(places) >= _FEWEST_ROWS:
                for place in places:
                    found[place] = f"| {lines[place].replace(separator, ' | ')} |"
    return found


def is_row(line: str) -> bool:
    """Say whether a line is a row of a table."""
    return line.lstrip().startswith("|")


def is_head(lines: Sequence[str], place: int) -> bool:
    """Say whether a row is the head: ruled off below, or the first and without digits."""
    if not is_row(lines[place]) or place + 1 >= len(lines):
        return False
    if _RULED.match(lines[place + 1]):
        return True
    is_first = place == 0 or not is_row(lines[place - 1])
    return is_first and is_row(lines[place + 1]) and not re.search(r"\d", lines[place])
