"""Cut a declaration into statements: one a line, markup removed, with its heading.

Markdown, plain text, tables and bullet lists of any shape come in; what goes out keeps
the line number, so that every claim can be pointed at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from forensics.analysis._quantities import Quantity, find_quantities

MAX_LINES: Final = 20_000
_MAX_LINE_CHARACTERS: Final = 2_000
_HEADING: Final = re.compile(r"^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_RULE: Final = re.compile(r"^\s*(?:[-*_=]\s*){3,}$")
_BULLET: Final = re.compile(r"^\s*(?:>\s*)*(?:[-*+•]\s+|\(?\d{1,3}[.)]\s+)?(?:\[[ xX]\]\s*)?")
_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_LABEL: Final = re.compile(r"^([A-Za-z][^:.!?]{0,60}?)\s*:\s+(?=\S)")
_DATE: Final = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?!\d)")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_")
_QUESTION_SECTION: Final = re.compile(
    r"question|unknown|to (?:find|be) (?:out|determined)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of the declaration.

    ``words`` is the text in lower case with ``CamelCase`` and ``snake_case`` taken apart,
    for matching; ``label`` is what stands before a colon at its start.
    """

    line: int
    text: str
    section: str
    label: str
    words: str
    quantities: tuple[Quantity, ...]
    is_question: bool


def find_statements(text: str, day: datetime | None = None) -> list[Statement]:
    """Return the statements of a declaration in their order.

    Parameters
    ----------
    text
        The declaration; lines past 20 000 and characters past 2 000 a line are not read.
    day
        Date of bare clock times; by default the first date that the text names.
    """
    day = day or find_day(text)
    return list(_iter_statements(text, day))


def find_day(text: str) -> datetime | None:
    """Return the first date the text names, or ``None``."""
    for year, month, date in _DATE.findall(text):
        try:
            return datetime(int(year), int(month), int(date), tzinfo=UTC)
        except ValueError:
            continue
    return None


def split_words(text: str) -> str:
    """Return text in lower case, compound identifiers taken apart."""
    return re.sub(r"\s+", " ", _CAMEL.sub(" ", text)).lower().strip()


def _iter_statements(text: str, day: datetime | None) -> Iterator[Statement]:
    section = ""
    for number, raw in enumerate(text.splitlines()[:MAX_LINES], start=1):
        line = raw[:_MAX_LINE_CHARACTERS]
        heading = _HEADING.match(line)
        if heading:
            section = clean_line(heading[2])
        elif _RULE.match(line):
            continue
        clean = clean_line(heading[2] if heading else line)
        if not clean:
            continue
        label = _LABEL.match(clean)
        yield Statement(
            line=number,
            text=clean,
            section=section,
            label=label[1] if label else "",
            words=split_words(clean),
            quantities=tuple(find_quantities(clean, day)),
            is_question=is_question(clean, section),
        )


def is_question(text: str, section: str) -> bool:
    """Say whether a line asks: it ends with ``?``, alone or under a heading of questions."""
    if text.endswith("?"):
        return len(text.split()) >= 3
    starts = re.match(
        r"(?i)(why|what|which|who|when|where|how|is|are|can|should|will|do|does)\b", text
    )
    return bool(starts and _QUESTION_SECTION.search(section))


def clean_line(line: str) -> str:
    """Remove Markdown's marks, bullets, numbering and pictographs; keep words and signs."""
    line = _LINK.sub(r"\1", line)
    line = "".join(c for c in line if not _is_pictograph(c))
    line = _BULLET.sub("", line, count=1)
    line = re.sub(r"\*\*|__(?=\S)|(?<=\S)__|`+|~~", "", line)
    line = re.sub(r"^\s*\|\s*|\s*\|\s*$", "", line)
    return re.sub(r"\s+", " ", line).strip()


def _is_pictograph(character: str) -> bool:
    return unicodedata.category(character) in {"So", "Cf", "Cs", "Co"} or character == "\ufe0f"
