"""Infer the header of text log lines: where time, level, logger and message stand.

The lines of a sample are walked from the left in step: at each place the token that nearly all
of them share there (blanks, a literal, a timestamp, a bracket, a level, a logger) becomes a step
of the header program. What is left when no token is shared is the message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.kernels import log_text, log_time
from forensics.kernels.log_time import NO_TIME
from forensics.readers.logs._block import TextBlock
from forensics.readers.logs._events import Heads
from forensics.readers.logs._prefix import (
    LEVEL_WORD,
    WORD_LEVELS,
    find_start,
    heads_only,
    skip_prefix,
)
from forensics.readers.logs._times import Clock
from forensics.readers.logs._tokens import (
    CLOSING,
    bracket_length,
    has,
    has_bracket,
    inside,
    is_separated,
    level_length,
    literal_length,
    sort_of,
    starts_with_level,
)

#: A token becomes part of the header if at least this share of the lines has it.
_SHARED: Final = 0.97
_MAX_STEPS: Final = 24
_MAX_TEMPLATES: Final = 6

_LOGGER: Final = re.compile(
    r"~?[A-Za-z_$][\w$-]*(?:\[[\w\]]*)?(?:(?:::|[.:/$])[\w$]+)+(?:\([\w$.]+(?::\d+)?\))?|[A-Z]\w*[a-z]\w*"
)
_BLANK: Final = re.compile(r"[ \t]")


@dataclass(frozen=True, slots=True)
class Template:
    """One header: the program for the kernel and what its slots hold."""

    program: tuple[tuple[int, int, int], ...]
    slots: tuple[str, ...]
    style: int

    def find_heads(self, block: TextBlock, clock: Clock) -> Heads:
        """Return the lines of a block that carry this header."""
        steps = np.array(self.program, np.int64)
        micros, body, slots = log_text.parse_headers(
            block.data, block.starts, block.ends, steps, clock.year
        )
        index = np.flatnonzero(micros != NO_TIME)
        fields = {"message": block.slices(body[index], block.ends[index])}
        plain = {slot for op, _, slot in self.program if op == log_text.LEVEL}
        for slot, name in enumerate(self.slots):
            if name:
                places = slots[index, slot]
                starts, ends = places[:, 0].copy(), places[:, 1].copy()
                values = block.slices(starts, ends)
                fields[name] = values if slot in plain else _trimmed(values, name)
        return Heads(index, micros[index], fields)

    def from_time(self, block: TextBlock) -> TextBlock:
        """Return the lines that carry this header, each from where its time starts."""
        dated = block.take(self.find_heads(block, Clock(self.style, 2000)).index)
        before = [step for step in self.program if step[0] != log_text.TIME]
        before = before[: self.program.index((log_text.TIME, self.style, -1))]
        if not before:
            return dated
        steps = np.array(before, np.int64)
        _, body, _ = log_text.parse_headers(dated.data, dated.starts, dated.ends, steps, 2000)
        return TextBlock(dated.data, body, dated.ends, dated.numbers)


def infer_templates(lines: Sequence[str]) -> list[Template]:
    """Infer up to six headers from sample lines, the commonest first.

    The last is always the loosest, so that a line with a time in the usual place begins an
    event even if the rest of its header is unlike the others. Empty if no time is found.
    """
    templates: list[Template] = []
    left = [line for line in lines if line.strip()]
    start = find_start(left)
    if start is None:
        return []
    prefix, style = start
    while left and len(templates) < _MAX_TEMPLATES - 1:
        dated = heads_only(left, prefix, style)
        if len(dated) < max(2, len(lines) // 500):
            break
        template = _walk(_majority(dated, prefix, style), prefix, style)
        rest = [line for line in dated if not _matches(template, line)]
        if len(rest) == len(dated):
            break
        templates.append(template)
        left = rest
    loose = _walk([], prefix, style)
    return [*templates, loose] if loose not in templates else templates


def dated_share(lines: Sequence[str]) -> float:
    """Return the share of lines that have a time where most of them have it."""
    start = find_start(lines)
    return 0.0 if start is None else len(heads_only(lines, *start)) / len(lines)


def find_by_templates(block: TextBlock, templates: Sequence[Template], clock: Clock) -> Heads:
    """Return the lines that begin an event by any template, each by the first that fits."""
    first = templates[0].find_heads(block, clock)
    is_found = np.zeros(len(block), np.bool_)
    is_found[first.index] = True
    rest = np.flatnonzero(~is_found)
    found = [first]
    for template in templates[1:]:
        if not len(rest):
            break
        heads = template.find_heads(block.take(rest), clock)
        if len(heads.index):
            found.append(Heads(rest[heads.index], heads.micros, heads.fields))
            rest = np.delete(rest, heads.index)
    return _merge(found) if len(found) > 1 else first


def _merge(found: list[Heads]) -> Heads:
    frames = [
        pl.DataFrame({"index": heads.index, "micros": heads.micros, **heads.fields})
        for heads in found
    ]
    merged = pl.concat(frames, how="diagonal").sort("index")
    fields = {name: merged[name] for name in merged.columns if name not in ("index", "micros")}
    return Heads(merged["index"].to_numpy(), merged["micros"].to_numpy(), fields)


def _trimmed(values: pl.Series, name: str) -> pl.Series:
    if name == "level":
        return values.str.extract(r"(\w+)\s*$")
    values = values.str.strip_chars(" :" if name == "logger" else None)
    is_blank = values.is_in(["", "-"])
    return values.set(is_blank, None) if is_blank.any() else values


def _majority(lines: list[str], prefix: Sequence[str], style: int) -> list[str]:
    """Return the lines whose header has the commonest outline right behind the time."""
    outlines: dict[str, list[str]] = {}
    for line in lines:
        text = line.encode()
        at = skip_prefix(line, prefix)
        data = np.frombuffer(text, np.uint8)
        after = log_time.parse_time(data, at, len(data), style, 2000)[1]
        outlines.setdefault(_outline(text[after:].decode(errors="replace")), []).append(line)
    return max(outlines.values(), key=len)


def _outline(text: str) -> str:
    """Return the sorts of the first three tokens, so that unlike headers don't mix."""
    sorts = []
    for _ in range(3):
        text = text.lstrip(" \t")
        if not text:
            break
        if text[0] in CLOSING and CLOSING[text[0]] in text:
            sorts.append(text[0])
            text = text[text.index(CLOSING[text[0]]) + 1 :]
            continue
        word, _, text = text.partition(" ")
        match = LEVEL_WORD.match(word)
        is_level = match is not None and match[0].lower() in WORD_LEVELS
        sorts.append(
            "L"
            if is_level
            else "#"
            if word.isdigit()
            else word[0]
            if not word[0].isalnum()
            else "w"
        )
        if not is_level and sorts[-1] == "w":
            break
    return "".join(sorts)


@dataclass(slots=True)
class _Walker:
    """The state of the walk: rest of each sample line, steps and slots so far."""

    rests: list[str]
    steps: list[tuple[int, int, int]]
    slots: list[str]

    def share(self, test: Callable[[str], bool]) -> float:
        return sum(map(test, self.rests)) / len(self.rests) if self.rests else 0.0

    def share_starting(self, text: str) -> float:
        return self.share(lambda rest: rest.startswith(text))

    def consume(self, length_of: Callable[[str], int]) -> None:
        kept = []
        for rest in self.rests:
            length = length_of(rest)
            if length >= 0:
                kept.append(rest[length:])
        self.rests = kept

    def literal(self, char: str) -> None:
        self.steps.append((log_text.LITERAL, ord(char), -1))
        self.consume(partial(literal_length, char))

    def until(self, char: str) -> None:
        contents = [rest.partition(char)[0] for rest in self.rests]
        is_logger = all(_LOGGER.fullmatch(content.strip()) for content in contents)
        self.field(log_text.UNTIL, ord(char), "logger" if is_logger else "")
        self.consume(lambda rest: rest.find(char))

    def field(self, op: int, arg: int, name: str) -> None:
        self.slots.append(name if name not in self.slots else "")
        self.steps.append((op, arg, len(self.slots) - 1))


def _walk(lines: list[str], prefix: Sequence[str], style: int) -> Template:
    walker = _Walker([], _prefix_steps(prefix), [])
    for token in prefix:
        if token in ("level", "word", "any"):
            walker.slots.append("level" if token == "level" else "")  # noqa: S105  # a sort of token
    walker.steps.append((log_text.TIME, style, -1))
    for line in lines:
        text = line.encode()
        data = np.frombuffer(text, np.uint8)
        _, after, _ = log_time.parse_time(data, skip_prefix(line, prefix), len(data), style, 2000)
        walker.rests.append(text[after:].decode(errors="replace"))
    # the bracket around the time may hold more: [14:23:17 INFO acme.Main]
    closing = CLOSING.get(prefix[-1], "") if prefix else ""
    while len(walker.steps) < _MAX_STEPS and walker.rests:
        if closing and walker.share_starting(closing) >= _SHARED:
            walker.literal(closing)
            closing = ""
        elif not _step(walker):
            if not closing or walker.share(partial(has, closing)) < _SHARED:
                break
            walker.until(closing)
    walker.steps.append((log_text.OPTIONAL_BLANKS, 0, -1))
    return Template(tuple(walker.steps), tuple(walker.slots), style)


def _prefix_steps(prefix: Sequence[str]) -> list[tuple[int, int, int]]:
    steps: list[tuple[int, int, int]] = []
    slot = 0
    for token in prefix:
        if token == " ":  # noqa: S105  # a sort of token, no secret
            steps.append((log_text.BLANKS, 0, -1))
        elif token in ("level", "word", "any"):
            op, arg = {
                "level": (log_text.LEVEL, 0),
                "word": (log_text.WORD, 0),
                "any": (log_text.UNTIL, 93),
            }[token]
            steps.append((op, arg, slot))
            slot += 1
        else:
            steps.append((log_text.LITERAL, ord(token), -1))
    return steps


def _step(walker: _Walker) -> bool:
    """Take the token that the samples share; false when the message begins."""
    if walker.share(lambda r: r[:1] in (" ", "\t")) >= _SHARED:
        walker.steps.append((log_text.BLANKS, 0, -1))
        walker.consume(lambda r: len(r) - len(r.lstrip(" \t")))
        return True
    return _bracket_step(walker) or _level_step(walker) or _plain_step(walker)


def _bracket_step(walker: _Walker) -> bool:
    for opening in "[({":
        closing = CLOSING[opening]
        if walker.share(partial(has_bracket, opening, closing)) < _SHARED:
            continue
        contents = [inside(rest, opening, closing).strip() for rest in walker.rests]
        walker.field(log_text.BRACKET, ord(opening), sort_of(contents))
        walker.consume(partial(bracket_length, opening, closing))
        return True
    return False


def _level_step(walker: _Walker) -> bool:
    if walker.share(starts_with_level) < _SHARED or "level" in walker.slots:
        return False
    walker.field(log_text.LEVEL, 0, "level")
    walker.consume(level_length)
    return True


def _plain_step(walker: _Walker) -> bool:
    words = [_BLANK.split(rest, maxsplit=1)[0] for rest in walker.rests]
    if walker.share(lambda r: r[:1].isdigit() and r.split(" ", 1)[0].isdigit()) >= _SHARED:
        walker.field(log_text.DIGITS, 0, "")
        walker.consume(lambda r: len(r.split(" ", 1)[0]) if r[:1].isdigit() else -1)
        return True
    for literal in "-|:,;":
        if walker.share_starting(literal) >= _SHARED:
            walker.literal(literal)
            return True
    if _is_barred(walker):
        walker.until("|")
        return True
    is_logger = sum(_LOGGER.fullmatch(word.rstrip(":")) is not None for word in words)
    separated = sum(
        is_separated(rest, word) for rest, word in zip(walker.rests, words, strict=True)
    )
    if "logger" in walker.slots or min(is_logger, separated) < _SHARED * len(words):
        return False
    walker.field(log_text.WORD, 0, "logger")
    walker.consume(lambda r: len(_BLANK.split(r, maxsplit=1)[0]))
    return True


def _is_barred(walker: _Walker) -> bool:
    """Tell whether a logger stands before a bar, as fields before it did: ``|INFO|a.B|``."""
    bar = (log_text.LITERAL, ord("|"), -1)
    return (
        bar in walker.steps
        and "logger" not in walker.slots
        and walker.share(lambda r: _LOGGER.fullmatch(r.partition("|")[0]) is not None) >= _SHARED
        and walker.share(partial(has, "|")) >= _SHARED
    )


def _matches(template: Template, line: str) -> bool:
    text = line.encode()
    data = np.frombuffer(text, np.uint8)
    ends: NDArray[np.int64] = np.array([len(data)], np.int64)
    steps = np.array(template.program, np.int64)
    micros, _, _ = log_text.parse_headers(data, np.zeros(1, np.int64), ends, steps, 2000)
    return bool(micros[0] != NO_TIME)
