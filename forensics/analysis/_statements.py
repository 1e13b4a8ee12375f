"""Cut a declaration into statements: one a sentence, markup removed, with its heading.

Markdown, plain text, e-mail wrapped at any width, chat, tables and bullet lists come in; what
goes out keeps the line number, so that every claim can be pointed at.
"""

# ruff: noqa: E501  # a pattern broken over lines can't be searched for

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import Final

from forensics.analysis._quantities import Quantity, find_quantities
from forensics.analysis._spelling import has_decimal_commas
from forensics.analysis._tables_in_text import is_head, is_row, to_pipes
from forensics.moments import find_day, find_zone

MAX_LINES: Final = 20_000
_MAX_LINE_CHARACTERS: Final = 2_000
#: Numbers of one statement; each is held against all others, and no sentence has so many.
_MAX_QUANTITIES: Final = 40
_HEADING: Final = re.compile(r"^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_RULE: Final = re.compile(r"^\s*(?:[-*_=]\s*){3,}$")
_BULLET: Final = re.compile(r"^\s*(?:>\s*)*(?:[-*+•]\s+|\(?\d{1,3}[.)]\s+)?(?:\[[ xX]\]\s*)?")
_ITEM: Final = re.compile(r"^(\s*)(?:[-*+•]|\d{1,3}[.)])\s+\S")
_SHORT_ITEM: Final = 6
#: A line that begins small goes on with a sentence that began with a capital; chats have none.
_GOES_ON: Final = re.compile(r"^[a-zäöü]")
_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_LABEL: Final = re.compile(r"^([A-Za-z][^:.!?]{0,60}?)\s*:\s+(?=\S)")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_")
_QUESTION_SECTION: Final = re.compile(
    r"question|unknown|to (?:find|be) (?:out|determined)", re.IGNORECASE
)


#: Lines of a mail's head that say nothing of the incident.
_MAIL: Final = re.compile(
    r"(?i)^(?:from|to|cc|bcc|sent|date|reply-to|message-id|x-[\w-]+|von|an|gesendet|mime-version|"
    r"content-[\w-]+|received):\s"
)
#: A line this short ends where its writer ended it; a longer one may go on in the next.
_WRAPPED: Final = 45
#: A text is wrapped if this share of at least so many line ends are, at no greater width.
_MOST, _FEW, _WIDEST = 0.6, 3, 120
_STARTS_ANEW: Final = re.compile(
    r"^\s*(?:>\s*)*(?:[-*+•|#]|\(?\d{1,3}[.)]\s|\[|<|\d{1,2}:\d\d|\d{4}-\d\d|[A-Z@][^:.!?]{0,40}:\s|```)"
)
_ABBREVIATED: Final = "".join(
    rf"(?<![\s(\d]{word}\.)"
    for word in (
        "ca",
        "vs",
        "no",
        "nr",
        "approx",
        r"e\.g",
        r"i\.e",
        "min",
        "sec",
        "Mio",
        "Mrd",
        "Tsd",
    )
)
_SENTENCE: Final = re.compile(
    rf"(?<=[.!?]){_ABBREVIATED}(?<!\bi\.e\.)(?<!^h\d\.)[\"')]*\s+(?=[\"'(]?[A-ZÄÖÜ\d~$€£])"
)
#: A line of a chat: when it was sent, and by whom.
_CHAT: Final = re.compile(
    r"^\[?(?:\d{4}-\d\d-\d\d[ T])?\d{1,2}:\d\d(?::\d\d)?(?:\s?[AaPp][Mm])?\]?\s+"
    r"(?:<[^>]{1,40}>|@?[\w.-]{2,30}(?: [\w.-]{2,30})?:)\s+"
)
#: ``, anyone else?`` asks for company, not for an answer.
_TAG_WORDS: Final = 3
_BEFORE: Final = re.compile(
    r"(?i)before|normal|baseline|usual|expected|previous|yesterday|typical|vorher|sonst|\bold\b"
)
_AFTER: Final = re.compile(
    r"(?i)after|now|current|during|incident|observed|actual|today|peak|jetzt|aktuell|\bnew\b"
)
_UNIT_LABEL: Final = re.compile(
    r"[\[(]\s*(?P<unit>[^\])]{1,12})\s*[\])]|\bin (?P<word>[A-Za-z/%]{1,8})\b|(?P<rate>/\s?s(?:ec)?)\b|"
    r"(?P<abbr>\b(?:rps|qps|tps))\b|[a-z]_(?P<tail>[A-Za-z]{1,8})$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence, list item or table row of the declaration.

    ``words`` is the text in lower case with ``CamelCase`` and ``snake_case`` taken apart,
    for matching; ``label`` is what stands before a colon at its start. ``breaks`` are the
    offsets in ``text`` at which its next lines begin.
    """

    line: int
    text: str
    section: str
    label: str
    words: str
    quantities: tuple[Quantity, ...]
    is_question: bool
    breaks: tuple[int, ...] = ()

    def line_of(self, quantity: Quantity) -> int:
        """Return the line of the declaration that a quantity stands in."""
        return self.line + sum(at <= quantity.start for at in self.breaks)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text of one or more lines that belong together, with the heading above it."""

    line: int
    text: str
    section: str
    columns: tuple[str, ...] = ()
    breaks: tuple[int, ...] = ()


def find_statements(text: str, day: datetime | None = None) -> list[Statement]:
    """Return the statements of a declaration in their order.

    Parameters
    ----------
    text
        The declaration; lines past 20 000, characters past 2 000 a line and numbers past 40 a
        statement are not read.
    day
        Date of bare clock times; by default the first date that the text names.
    """
    day = day or find_day(text)
    zone, commas = find_zone(text), has_decimal_commas(text)
    return [
        statement
        for piece in _iter_pieces(text)
        for part in _iter_sentences(piece)
        if (statement := _statement(part, day, zone, commas=commas))
    ]


def split_words(text: str) -> str:
    """Return text in lower case, compound identifiers taken apart."""
    return re.sub(r"\s+", " ", _CAMEL.sub(" ", text)).lower().strip()


def _statement(
    piece: _Piece, day: datetime | None, zone: tzinfo, *, commas: bool
) -> Statement | None:
    if not piece.text:
        return None
    label = _LABEL.match(piece.text)
    quantities = find_quantities(piece.text, day, zone, commas=commas)
    if piece.columns or label:
        quantities = _with_label_units(piece, quantities, label[1] if label else "", commas=commas)
    return Statement(
        line=piece.line,
        text=piece.text,
        section=piece.section,
        label=label[1] if label else "",
        words=split_words(piece.text),
        quantities=tuple(quantities[:_MAX_QUANTITIES]),
        is_question=is_question(piece.text, piece.section),
        breaks=piece.breaks,
    )


def _iter_pieces(text: str) -> Iterator[_Piece]:
    """Yield headings, list items, table rows and paragraphs, wrapped lines joined."""
    section, last_raw = "", ""
    columns: tuple[str, ...] = ()
    open_piece: _Piece | None = None
    is_wrapped = _is_wrapped(text)
    lines = to_pipes([line[:_MAX_LINE_CHARACTERS] for line in text.splitlines()[:MAX_LINES]])
    parents = _find_parents(lines)
    for number, line in enumerate(lines, start=1):
        heading = _HEADING.match(line)
        clean = (
            ""
            if _RULE.match(line) or _MAIL.match(line)
            else clean_line(heading[2] if heading else line)
        )
        is_table = is_row(line)
        if is_head(lines, number - 1):
            columns = tuple(cell.strip() for cell in clean.split("|"))
        elif not is_table:
            columns = ()
        if re.fullmatch(r"[\s:|-]*", clean):
            clean = ""
        goes_on = (
            open_piece is not None
            and (is_wrapped or (open_piece.text[0].isupper() and _GOES_ON.match(line)))
            and bool(clean)
            and not heading
            and len(last_raw.rstrip()) >= _WRAPPED
            and not _STARTS_ANEW.match(line)
            and last_raw.rstrip()[-1:] not in ".:!?"
        )
        if goes_on and open_piece is not None:
            at = len(open_piece.text) + 1
            open_piece = replace(
                open_piece, text=f"{open_piece.text} {clean}", breaks=(*open_piece.breaks, at)
            )
        else:
            if open_piece is not None:
                yield open_piece
            section = clean if heading else section
            above = parents[number - 1] or section
            open_piece = _Piece(number, clean, above, columns) if clean else None
        last_raw = "" if heading or is_table or not clean else line
    if open_piece is not None:
        yield open_piece


def _find_parents(lines: list[str]) -> list[str]:
    """Return for each line the short item that it is indented under; it is its heading."""
    found = []
    open_items: list[tuple[int, str]] = []
    for line in lines:
        item = _ITEM.match(line)
        if item is None:
            open_items = open_items if not line.strip() or line[0].isspace() else []
            found.append("")
            continue
        indent = len(item[1].expandtabs(4))
        open_items = [above for above in open_items if above[0] < indent]
        found.append(open_items[-1][1] if open_items else "")
        text = clean_line(line)
        open_items.append((indent, text if len(text.split()) <= _SHORT_ITEM else ""))
    return found


def _is_wrapped(text: str) -> bool:
    """Say whether prose was broken at a width: most lines end where the next word had no room."""
    lines = [line.rstrip() for line in text.splitlines()[:MAX_LINES]]
    pairs = [
        (len(line), len(after.split()[0]))
        for line, after in pairwise(lines)
        if line and after.strip() and not _STARTS_ANEW.match(after)
    ]
    widest = max((length for length, _ in pairs), default=0)
    full = sum(length + 1 + word > widest for length, word in pairs)
    return len(pairs) >= _FEW and widest <= _WIDEST and full >= _MOST * len(pairs)


def _iter_sentences(piece: _Piece) -> Iterator[_Piece]:
    """Cut a paragraph into sentences, each with the line it begins in."""
    if piece.columns:
        yield piece
        return
    start = 0
    for cut in [*(match for match in _SENTENCE.finditer(piece.text)), None]:
        end = cut.start() if cut else len(piece.text)
        before = sum(at <= start for at in piece.breaks)
        yield replace(
            piece,
            line=piece.line + before,
            text=piece.text[start:end].strip(),
            breaks=tuple(at - start for at in piece.breaks if start < at < end),
        )
        start = cut.end() if cut else end


def _with_label_units(
    piece: _Piece, quantities: list[Quantity], label: str, *, commas: bool
) -> list[Quantity]:
    """Give bare numbers the unit that their label or column names, and their side of a change."""
    cells = piece.text.split("|") if piece.columns else [piece.text]
    known = []
    for quantity in quantities:
        place = piece.text[: quantity.start].count("|") if piece.columns else 0
        column = piece.columns[place] if place < len(piece.columns) else ""
        united = quantity
        for named in (label if not piece.columns else cells[0], column):
            united = _with_unit(united, named, commas=commas)
        if place and _BEFORE.search(column):
            united = replace(united, side="before")
        elif place and _AFTER.search(column):
            united = replace(united, side="after")
        known.append(united)
    return known


def _with_unit(quantity: Quantity, label: str, *, commas: bool) -> Quantity:
    unit = _UNIT_LABEL.search(label)
    if quantity.kind != "count" or quantity.noun or unit is None:
        return quantity
    word = next(group for group in unit.groups() if group)
    as_written = find_quantities(f"{quantity.text} {word}", commas=commas)
    if len(as_written) != 1 or as_written[0].kind == "count":
        return quantity
    return replace(
        as_written[0],
        text=quantity.text,
        start=quantity.start,
        end=quantity.end,
        noun="",
        side=quantity.side,
    )


def is_question(text: str, section: str) -> bool:
    """Say whether a line asks: it ends with ``?``, alone or under a heading of questions."""
    if text.endswith("?"):
        said, _, tag = text.rpartition(",")
        is_tag = len(tag.split()) <= _TAG_WORDS and bool(re.search(r"\d", said))
        return len(text.split()) >= 3 and not is_tag
    starts = re.match(
        r"(?i)(why|what|which|who|when|where|how|is|are|can|could|should|would|will|do|does|did|has|have|"
        r"warum|wieso|welche|was|wer|wann|ist|sind|können|sollen|wie)\b",
        text,
    )
    return bool(starts and _QUESTION_SECTION.search(section))


def clean_line(line: str) -> str:
    """Remove Markdown's marks, bullets, numbering and pictographs; keep words and signs."""
    line = _LINK.sub(r"\1", line)
    line = "".join(c for c in line if not _is_pictograph(c))
    line = _CHAT.sub("", _BULLET.sub("", line, count=1), count=1)
    line = re.sub(r"\*\*|__(?=\S)|(?<=\S)__|`+|~~", "", line)
    line = re.sub(r"^\s*\|\s*|\s*\|\s*$", "", line)
    return re.sub(r"\s+", " ", line).strip()


def _is_pictograph(character: str) -> bool:
    return unicodedata.category(character) in {"So", "Cf", "Cs", "Co"} or character == "\ufe0f"
