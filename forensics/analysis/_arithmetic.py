"""Sums that any declaration must get right, whatever it speaks of.

Increases against their two ends, shares against their counts, products of rate and time, fills
of a limit, order of moments, error budgets. Each identity takes the numbers of one sentence or
of its neighbours; one that lacks a term says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from forensics.analysis._declared import Bound, Declared, Identity, agree, format_seconds
from forensics.analysis._pairs import find_pairs
from forensics.analysis._quantities import Quantity
from forensics.findings import Claim

_FALL: Final = re.compile(
    r"\b(?:below|drop|fell|fall|decreas|declin|down\b|lower|reduc|shr[ai]nk|halv|gesunken|gefallen|rückgang)"
)
_LEVEL: Final = re.compile(
    r"^\s*(?:of|von|des|der)\s+(?:the |its |our |what is )?"
    r"(?:normal|usual|baseline|typical|base|üblich|normalwert|previous|before)"
)
_TO: Final = re.compile(r"(?:\bto|\bauf|\bat|\breach\w*|→|->)\s*(?:about |~|roughly )?$")
_RISES: Final = re.compile(
    r"increas|above|\bup\b|stieg|rise|rose|grew|grow|spik|jump|surg|more|higher|doubl|tripl|quadrupl|fold|times|"
    r"gestiegen|anstieg|verdoppel|vervierfach|climb|went|from|\+|shot|[x×]|faktor|factor|über|plus"
)
_GLUE: Final = re.compile(
    r"(?i)[\s,;:(=–-]*(?:i\.?e\.?|or|that is|that's|this is|about|ca\.|~|=|≈|also|bzw\.|entspricht|"
    r"das sind|are|is|sind|(?:[\w-]+\s){0,3}\(|of (?:[\w-]+\s){0,3}[\w-]+:)?[\s,(=~≈]*"
)
_LINKED: Final = re.compile(r"(?i)success|fail|error|fehl|erfolg|free|left|ok\b")
_DRAWN: Final = re.compile(r"(?:that is|that's|i\.?e\.?|=|makes|which is|or)\s*(?:about |~)?$")
_EVENTS: Final = re.compile(
    r"request|order|transaction|payment|checkout|call|message|login|anfrage|bestellung|zahlung|job"
)
_MONTH_DAYS: Final = {"month": 30.0, "30": 30.0, "28": 28.0, "week": 7.0, "quarter": 90.0}
_SPANS_DAYS: Final = {**_MONTH_DAYS, "year": 365.0, "annual": 365.0, "jahr": 365.0, "woche": 7.0}


def _increase(declared: Declared) -> Iterator[Claim]:
    """Hold ``+300 %``, ``4x``, ``quadrupled`` and ``to 400 %`` against the two ends of an arrow."""
    for item in declared.bound:
        quantity = item.quantity
        if quantity.kind not in {"percent", "multiple"} or quantity.side:
            continue
        words, rest = item.statement.words, item.statement.text[quantity.end :].lower()
        is_signed = quantity.text.startswith(("+", "-", "−"))
        if not (is_signed or _RISES.search(words) or _FALL.search(words) or _LEVEL.match(rest)):
            continue
        pairs = find_pairs(item, declared)
        if len(pairs) != 1:
            continue
        before, after, line = pairs[0]
        real, shown, is_level = _real_change(item, before, after)
        stated = abs(quantity.value) if real >= 0 or not _is_fall(item) else -abs(quantity.value)
        why = f"{after.text} against {before.text} (line {line}) is {shown}"
        level = after.value / before.value
        differs = abs(real - stated) > 0.01 + 0.05 * max(1.0, abs(stated))
        if quantity.kind == "percent" and not is_level and differs and abs(level - stated) < 0.05:
            why += f"; {quantity.text} is the new level as a share of the old, not the increase"
        tolerance = 0.05 * max(1.0, abs(stated)) if real > 0 else 0.03
        yield declared.claim(item, shown, agree(real - stated, tolerance), why)


def _is_fall(item: Bound) -> bool:
    return bool(_FALL.search(item.statement.words)) or item.quantity.text.startswith(("-", "−"))


def _real_change(item: Bound, before: Quantity, after: Quantity) -> tuple[float, str, bool]:
    """Return the change that an arrow makes, as the item states changes, and how to show it."""
    level, text = after.value / before.value, item.statement.text
    if item.quantity.kind == "multiple":
        # "halved" is 0.5; "dropped 4x" is a quarter.
        fell = level < 1 < item.quantity.value
        return (1 / level if fell else level), f"{level:.3g} times", True
    lead = text[max(0, item.quantity.start - 12) : item.quantity.start].lower()
    is_level = bool(_LEVEL.match(text[item.quantity.end :].lower())) or bool(_TO.search(lead))
    if is_level:
        return level, f"{level:.0%} of the level before", True
    if before.kind == "percent" and abs(after.value - before.value - item.quantity.value) < 0.005:
        return item.quantity.value, f"{100 * (after.value - before.value):+.3g} points", False
    return level - 1.0, f"{level - 1.0:+.0%}", False


def _part_of_whole(declared: Declared) -> Iterator[Claim]:
    """Hold a share against the two counts beside it: ``4,120 of 5,300 (78 %)``."""
    for item in declared.bound:
        if item.quantity.kind != "percent" or item.quantity.bound in {"<", ">"}:
            continue
        for other in declared.bound:
            whole = other.quantity.other
            if other.statement is not item.statement or not whole:
                continue
            text = item.statement.text
            first, second = sorted((item.quantity, other.quantity), key=lambda q: q.start)
            noun = other.quantity.noun if other.quantity is first else ""
            between = re.sub(r"['’]s?", "", text[first.end : second.start].lower())
            between = between.replace(noun, "", 1)
            if not _GLUE.fullmatch(between):
                continue
            share = other.quantity.value / whole
            gap = abs(share - item.quantity.value)
            may_be_rest = bool(_LINKED.search(item.statement.words))
            if may_be_rest and abs(1 - share - item.quantity.value) < gap:
                share = 1 - share
            rounding = (other.quantity.resolution or 0.0) / whole
            tolerance = item.quantity.resolution + rounding + 0.01
            why = f"{other.quantity.text} is {share:.1%}"
            yield declared.claim(
                item, f"{share:.1%}", agree(share - item.quantity.value, tolerance), why
            )


def _share_of_number(declared: Declared) -> Iterator[Claim]:
    """Hold a count against ``5 % of 2 million`` in the same sentence."""
    for item in declared.bound:
        statement = item.statement
        if item.quantity.kind != "percent":
            continue
        after = re.match(
            r"\s*(?:of|von|der)\s+(?:the |our |all |an? |unserer )?(?:\w+ )?$",
            statement.text[item.quantity.end : _next_start(item, declared)],
        )
        whole = _next_count(item, declared)
        part = _previous_count(item, declared) or _result(whole, declared)
        if (
            not after
            or whole is None
            or part is None
            or part.quantity.value >= whole.quantity.value
        ):
            continue
        expected = item.quantity.value * whole.quantity.value
        slack = 0.05 * expected + whole.quantity.value * item.quantity.resolution
        yield declared.claim(
            part,
            f"{expected:,.0f}",
            agree(expected - part.quantity.value, slack + part.quantity.resolution),
            f"{item.quantity.text} of {whole.quantity.text} is {expected:,.0f}",
        )


def _result(whole: Bound | None, declared: Declared) -> Bound | None:
    """Return the count that a sentence draws from a whole: ``8 % of 12,000, that is 960``."""
    later = [
        b
        for b in declared.bound
        if whole is not None
        and b.statement is whole.statement
        and b.quantity.kind == "count"
        and b.quantity.start >= whole.quantity.end
    ]
    first = min(later, key=lambda b: b.quantity.start, default=None)
    if first is None or whole is None:
        return None
    between = whole.statement.text[whole.quantity.end : first.quantity.start].lower()
    return first if _DRAWN.search(between) else None


def _next_start(item: Bound, declared: Declared) -> int:
    found = _next_count(item, declared)
    return found.quantity.start if found else len(item.statement.text)


def _next_count(item: Bound, declared: Declared) -> Bound | None:
    later = [
        b
        for b in declared.bound
        if b.statement is item.statement and b.quantity.start >= item.quantity.end
    ]
    first = min(later, key=lambda b: b.quantity.start, default=None)
    return first if first and first.quantity.kind == "count" else None


def _previous_count(item: Bound, declared: Declared) -> Bound | None:
    earlier = [
        b
        for b in declared.bound
        if b.statement is item.statement and b.quantity.end <= item.quantity.start
    ]
    last = max(earlier, key=lambda b: b.quantity.start, default=None)
    return last if last and last.quantity.kind == "count" else None


def _product(declared: Declared) -> Iterator[Claim]:
    """Hold a number of requests against rate times time, in the same sentence."""
    for item in declared.bound:
        what = item.quantity.noun or item.statement.label.lower()
        if item.quantity.kind != "count" or not _EVENTS.search(what):
            continue
        mine = [b for b in declared.bound if b.statement is item.statement]
        rates = [b for b in mine if b.quantity.kind == "rate"]
        spans = [b for b in mine if b.quantity.kind == "duration"]
        shares = [b for b in mine if b.topic == "error share"]
        if len(rates) != 1 or len(spans) != 1 or len(shares) > 1:
            continue
        share = shares[0].quantity.value if shares else 1.0
        expected = rates[0].quantity.value * spans[0].quantity.value * share
        part = f" × {shares[0].quantity.text}" if shares else ""
        yield declared.claim(
            item,
            f"{expected:,.0f}",
            agree(expected - item.quantity.value, 0.15 * expected + item.quantity.resolution),
            f"{rates[0].quantity.text} × {spans[0].quantity.text}{part} is {expected:,.0f}",
        )


def _time_to_limit(declared: Declared) -> Iterator[Claim]:
    """Hold a stated time to the limit against what is left of it and the pace of growth."""
    for item in declared.all("time to the limit"):
        rate = declared.around(item, "memory growth rate")
        used = declared.around(item, "memory in use")
        limit = declared.around(item, "memory limit")
        stated = declared.around(item, "memory left")
        if not rate or rate.quantity.value <= 0:
            continue
        left_bytes = stated.quantity.value if stated else _left(used, limit)
        if left_bytes is None:
            continue
        is_whole = stated is None and used is None
        seconds = 60.0 * left_bytes / rate.quantity.value
        left = f"{left_bytes / 2**30:.3g} GiB"
        tolerance = item.quantity.resolution + 0.2 * seconds
        if is_whole and abs(seconds - item.quantity.value) > tolerance:
            continue  # how much was in use isn't stated
        yield declared.claim(
            item,
            format_seconds(seconds),
            agree(seconds - item.quantity.value, tolerance),
            f"{left} are left and {rate.quantity.text} (line {rate.statement.line}) fills them in "
            f"{format_seconds(seconds)}",
        )


def _left(used: Bound | None, limit: Bound | None) -> float | None:
    """Return the bytes between use and limit; a whole limit where no use is stated."""
    whole = (used.quantity.other if used else None) or (limit.quantity.value if limit else None)
    if whole is None:
        return None
    left = whole - (used.quantity.value if used else 0.0)
    return left if left > 0 else None


def _growth_total(declared: Declared) -> Iterator[Claim]:
    """Hold a stated pace of growth against two sizes and the time between them."""
    for rate in declared.all("memory growth rate"):
        for before, after, line in find_pairs(rate, declared):
            spans = [
                b
                for b in declared.bound
                if b.quantity.kind == "duration" and b.statement.line_of(b.quantity) == line
            ]
            spans.sort(key=lambda b: abs(b.quantity.start - after.end))
            if before.kind != "bytes" or not spans or not spans[0].quantity.value:
                continue
            real = 60.0 * (after.value - before.value) / spans[0].quantity.value
            shown = f"{real / 2**20:,.0f} MiB a minute"
            rounding = 60.0 * (before.resolution + after.resolution) / spans[0].quantity.value
            tolerance = 0.12 * abs(real) + min(rounding, 0.3 * abs(real)) + rate.quantity.resolution
            yield declared.claim(
                rate,
                shown,
                agree(real - rate.quantity.value, tolerance),
                f"{before.text} to {after.text} in {spans[0].quantity.text} is {shown}",
            )


def _order(declared: Declared) -> Iterator[Claim]:
    """Hold the order of start, detection and end, and the stated length of the incident."""
    start = declared.first("start of the incident")
    detected = declared.first("detection of the incident")
    end = declared.first("end of the incident")
    for first, second, words in (
        (start, detected, "detection lies before the start"),
        (start, end, "the end lies before the start"),
        (detected, end, "the end lies before the detection"),
    ):
        gap_s = declared.gap_s(first, second)
        if first is None or second is None or gap_s is None:
            continue
        if gap_s < -(first.quantity.resolution + second.quantity.resolution):
            why = f"{words} by {format_seconds(-gap_s)} (lines {second.statement.line} and "
            why += f"{first.statement.line})"
            yield declared.claim(second, None, "contradicted", why)
    seconds = declared.gap_s(start, end)
    for item in declared.all("duration of the incident"):
        if start is None or end is None or seconds is None:
            continue
        slack = item.quantity.resolution + start.quantity.resolution + end.quantity.resolution
        yield declared.claim(
            item,
            format_seconds(seconds),
            agree(seconds - item.quantity.value, slack),
            f"end (line {end.statement.line}) minus start (line {start.statement.line}) is "
            f"{format_seconds(seconds)}",
        )


def _budget(declared: Declared) -> Iterator[Claim]:
    """Hold a stated error budget, and the part said to be burned, against the objective."""
    target = declared.first("availability target")
    if target is None or not 0.5 < target.quantity.value < 1.0:
        return
    said = [target, *declared.all("error budget")]
    words = " ".join(item.statement.words for item in said)
    days = next((days for name, days in _SPANS_DAYS.items() if name in words), 30.0)
    whole_s = (1.0 - target.quantity.value) * days * 86400.0
    shown = f"{whole_s / 60.0:.4g} min in {days:g} days"
    for item in declared.all("error budget"):
        yield declared.claim(
            item,
            shown,
            agree(whole_s - item.quantity.value, item.quantity.resolution + 0.03 * whole_s),
            f"{target.quantity.text} (line {target.statement.line}) leaves {shown}",
        )
    for item in declared.all("error budget burned"):
        lasted = _lasted(item, declared)
        if lasted is None or item.quantity is target.quantity:
            continue
        burned = lasted[0] / whole_s
        yield declared.claim(
            item,
            f"{burned:.0%}",
            agree(burned - item.quantity.value, 0.05 + 0.1 * burned),
            f"{lasted[1]} of full outage out of {shown} is {burned:.0%}",
        )


def _lasted(item: Bound, declared: Declared) -> tuple[float, str] | None:
    """Return how long the incident was, in seconds and in words: by its times, else as stated."""
    start = declared.first("start of the incident")
    seconds = declared.gap_s(start, declared.first("end of the incident"))
    if seconds is not None and seconds > 0:
        return seconds, format_seconds(seconds)
    stated = declared.around(item, "duration of the incident")
    return (stated.quantity.value, stated.quantity.text) if stated else None


ARITHMETIC: Final[tuple[Identity, ...]] = (
    _increase,
    _part_of_whole,
    _share_of_number,
    _product,
    _time_to_limit,
    _growth_total,
    _order,
    _budget,
)
