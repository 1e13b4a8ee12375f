"""Check a declaration against itself: numbers that must fit each other by arithmetic.

Each identity takes the bound quantities and returns the claims it can judge without any
evidence. An identity that lacks one of its terms says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from forensics.analysis._arithmetic import ARITHMETIC
from forensics.analysis._declared import Bound, Declared, Identity, agree, format_seconds
from forensics.findings import Claim

#: Numbers rounded to their first digits may be so far apart and still fit.
_ROUNDED: Final = 1.25
#: A use, a limit and their share may stand in a list of lines, one each.
_NEAR_LINES: Final = 2


def check_identities(declared: Declared) -> list[Claim]:
    """Return what the declaration's own numbers say of each other, in line order."""
    claims = [claim for identity in IDENTITIES for claim in identity(declared)]
    return sorted(claims, key=lambda claim: claim.line)


def _delay(declared: Declared) -> Iterator[Claim]:
    start = declared.first("start of the incident")
    detected = declared.first("detection of the incident")
    delay = declared.first("detection delay")
    seconds = declared.gap_s(start, detected)
    if not (start and detected and delay) or seconds is None:
        return
    tolerance = delay.quantity.resolution + start.quantity.resolution + detected.quantity.resolution
    yield declared.claim(
        delay,
        format_seconds(seconds),
        agree(seconds - delay.quantity.value, tolerance),
        f"detected (line {detected.statement.line}) minus started (line {start.statement.line}) "
        f"is {format_seconds(seconds)}",
    )


def _distance(declared: Declared) -> Iterator[Claim]:
    """Check a change said to lie so long before the incident against both stated times."""
    start = declared.first("start of the incident")
    items = [*declared.all("time before incident"), *declared.all("time after the change")]
    for item in items:
        change = declared.near(item, "time of a change") or _only_change(item, declared)
        seconds = declared.gap_s(change, start)
        if start is None or change is None or seconds is None:
            continue
        yield declared.claim(
            item,
            format_seconds(seconds),
            agree(seconds - item.quantity.value, item.quantity.resolution),
            f"start of the incident (line {start.statement.line}) minus the change's time "
            f"(line {change.statement.line}) is {format_seconds(seconds)}; the stated precision is "
            f"±{format_seconds(item.quantity.resolution)}",
        )


def _only_change(item: Bound, declared: Declared) -> Bound | None:
    """Return the one change with a time of the same sort of word (a deploy, a flag), or of any."""
    sorts = re.compile(r"deploy|release|rollout|flag|toggle|maintenance|migration|sale|campaign")
    wanted = set(sorts.findall(item.statement.words))
    changes = declared.all("time of a change")
    alike = [b for b in changes if wanted & set(sorts.findall(b.statement.words))]
    if not alike and len(changes) == 1:
        return changes[0]
    return alike[0] if len(alike) == 1 else None


def _money(declared: Declared) -> Iterator[Claim]:
    start = declared.first("start of the incident")
    detected = declared.first("detection of the incident")
    for item in declared.all("money lost"):
        rate = declared.around(item, "money lost per hour")
        window = _window_of_loss(item, declared)
        if rate is None or window is None or not rate.quantity.value:
            continue
        if not rate.quantity.unit.startswith(item.quantity.unit):
            continue
        expected = rate.quantity.value * window.quantity.value / 3600.0
        unit = item.quantity.unit
        minutes = 60.0 * item.quantity.value / rate.quantity.value
        why = (
            f"{rate.quantity.text} (line {rate.statement.line}) over {window.quantity.text} is "
            f"{unit}{expected:,.0f}; {item.quantity.text} is {minutes:.1f} min at that rate"
        )
        lasted = declared.gap_s(start, detected)
        if lasted is not None and 0 < lasted < window.quantity.value:
            why += f"; by its own times the incident had lasted {format_seconds(lasted)}"
        tolerance = item.quantity.resolution + 0.05 * expected
        yield declared.claim(
            item,
            f"{unit}{expected:,.0f}",
            agree(expected - item.quantity.value, tolerance),
            why,
        )


def _window_of_loss(item: Bound, declared: Declared) -> Bound | None:
    """Return how long a stated loss took: a window, or the only other span of its sentence."""
    stated = declared.near(item, "window")
    if stated is not None:
        return stated
    spans = [
        b for b in declared.bound if b.statement is item.statement and b.quantity.kind == "duration"
    ]
    others = {"detection delay", "time-out", "latency", "time before incident"}
    usable = [b for b in spans if b.topic not in others]
    return usable[0] if len(usable) == 1 else None


def _money_rates(declared: Declared) -> Iterator[Claim]:
    """Hold every later rate of loss against the first, both as money an hour."""
    rates = declared.all("money lost per hour")
    for item in rates[1:]:
        first = rates[0]
        if item.quantity.unit != first.quantity.unit:
            continue
        gap = item.quantity.value - first.quantity.value
        tolerance = (
            item.quantity.resolution + first.quantity.resolution + 0.02 * first.quantity.value
        )
        shown = f"{first.quantity.value:,.0f} an hour"
        yield declared.claim(
            item,
            shown,
            agree(gap, tolerance),
            f"{first.quantity.text} (line {first.statement.line}) is {shown}; "
            f"{item.quantity.text} is {item.quantity.value:,.0f} an hour",
        )


def _memory_share(declared: Declared) -> Iterator[Claim]:
    """Hold a stated share of memory against the use and the limit of the same line."""
    for item in declared.all("memory share"):
        used, limits = _on_lines(item, declared, 0)
        if not limits and not any(b.quantity.other for b in used):
            used, limits = _on_lines(item, declared, _NEAR_LINES)
        whole = next((b.quantity.value for b in limits), None) or next(
            (b.quantity.other for b in used if b.quantity.other), None
        )
        if not used or len(used) > 1 < len(limits) or not whole or item.quantity.bound:
            continue
        share = used[0].quantity.value / whole
        tolerance = item.quantity.resolution + 0.03 + used[0].quantity.resolution / whole
        yield declared.claim(
            item,
            f"{share:.0%}",
            agree(share - item.quantity.value, tolerance),
            f"{used[0].quantity.text} of {whole / 2**30:.3g} GiB is {share:.0%}",
        )


def _on_lines(item: Bound, declared: Declared, reach: int) -> tuple[list[Bound], list[Bound]]:
    """Return the use and the limits of memory that stand within so many lines of an item."""
    place = item.statement.line
    used, limits = (
        [b for b in declared.all(topic) if abs(b.statement.line - place) <= reach]
        for topic in ("memory in use", "memory limit")
    )
    return used, limits


def _little(declared: Declared) -> Iterator[Claim]:
    """Queue depth against arrival rate times waiting time: L = λW (Little 1961)."""
    waits = [*declared.all("waiting time"), *declared.all("time-out")]
    rates = [b for b in declared.all("request rate") if b.quantity.value > 0]
    for item in declared.all("pending requests for the pool"):
        # A queue before and one during the incident waited for different times.
        wait = next((b for b in waits if b.quantity.side == item.quantity.side), None)
        if wait is None or not rates or not wait.quantity.value:
            continue
        beside = [b for b in rates if b.statement is item.statement]
        arrival = max(beside or rates, key=lambda b: b.quantity.value)
        expected = arrival.quantity.value * wait.quantity.value
        implied_s = item.quantity.value / arrival.quantity.value
        yield declared.claim(
            item,
            f"{expected:,.0f}",
            agree(expected - item.quantity.value, 0.5 * expected),
            f"Little's law: {arrival.quantity.text} waiting {wait.quantity.text} each would queue "
            f"{expected:,.0f}; {item.quantity.text} waiting means {implied_s:.2g} s each at that "
            "rate, or that most requests are refused before they queue",
        )


def _kills(declared: Declared) -> Iterator[Claim]:
    """Kills in a window against the growth rate and the limit: each life must fill the limit."""
    growth = declared.first("memory growth rate")
    limit = _limit_bytes(declared)
    for item in [*declared.all("out-of-memory kills"), *declared.all("restarts")]:
        window = declared.near(item, "window") or _span_beside(item, declared)
        if not (growth and limit and window) or growth.quantity.value <= 0:
            continue
        fill_min = limit / growth.quantity.value
        pods = declared.around(item, "number of processes")
        each = item.quantity.value / pods.quantity.value if pods and pods.quantity.value else 1.0
        life_min = window.quantity.value / 60.0 / max(each, 1.0)
        if fill_min <= _ROUNDED * life_min:
            continue
        many = f" ({each:.2g} a process)" if each > 1 else ""
        yield declared.claim(
            growth,
            f"{fill_min:.0f} min to fill the limit",
            "contradicted",
            f"at {growth.quantity.text} an empty process needs {fill_min:.0f} min to reach its "
            f"limit of {limit / 2**30:.3g} GiB, yet line "
            f"{item.statement.line_of(item.quantity)} has {item.quantity.text} killed or restarted"
            f"{many} within {window.quantity.text}; the rate, the limit and the kills fit together "
            "only if processes start nearly full, had grown since long before, or grow faster than "
            "stated",
        )


def _limit_bytes(declared: Declared) -> float | None:
    used = next((b for b in declared.all("memory in use") if b.quantity.other), None)
    limit = declared.first("memory limit")
    return used.quantity.other if used else limit.quantity.value if limit else None


def _span_beside(item: Bound, declared: Declared) -> Bound | None:
    """Return the only span of an item's sentence that may be the time it was counted over."""
    others = {"detection delay", "time-out", "latency", "time before incident", "time to the limit"}
    spans = [
        b
        for b in declared.bound
        if b.statement is item.statement and b.quantity.kind == "duration" and b.topic not in others
    ]
    return spans[0] if len(spans) == 1 else None


def _growth_word(declared: Declared) -> Iterator[Claim]:
    """Hold the word for the growth against the unit it is given in."""
    for item in declared.all("growth shape"):
        word = item.quantity.text.lower()
        beside = declared.near(item, "memory growth rate")
        rate = beside or declared.around(item, "memory growth rate")
        doubling = declared.around(item, "doubling time")
        is_doubling = word.startswith(("doubl", "verdopp"))
        if "expon" in word and doubling is not None and beside is None:
            yield declared.claim(
                item,
                None,
                "supported",
                f"a doubling time ({doubling.quantity.text}) is exponential",
            )
        elif ("expon" in word or is_doubling) and rate is not None:
            yield declared.claim(
                item,
                None,
                "contradicted",
                f"{rate.quantity.text} (line {rate.statement.line}) is a constant pace in bytes, "
                "which is linear; exponential growth is stated by a doubling time",
            )
        elif word in {"linear", "steadily", "constant"} and doubling is not None:
            yield declared.claim(
                item,
                None,
                "contradicted",
                f"a doubling time ({doubling.quantity.text}) is exponential growth, not {word}",
            )
        elif word == "linear" and rate is not None:
            yield declared.claim(
                item,
                None,
                "supported",
                f"{rate.quantity.text} is a constant pace in bytes",
            )


def _use_within_size(declared: Declared) -> Iterator[Claim]:
    for topic in ("pool use", "memory in use"):
        for item in declared.all(topic):
            other = item.quantity.other
            if other and item.quantity.value > other:
                share = item.quantity.value / other
                yield declared.claim(
                    item, f"{share:.0%}", "contradicted", "more is in use than there is"
                )


def _shares(declared: Declared) -> Iterator[Claim]:
    """Errors and successes of one line's subject can't exceed the whole."""
    for item in declared.all("success share"):
        error = declared.near(item, "error share")
        if error is None or item.quantity.bound or error.quantity.bound:
            continue
        total = item.quantity.value + error.quantity.value
        tolerance = item.quantity.resolution + error.quantity.resolution
        if total > 1 + tolerance:
            yield declared.claim(
                item, f"{total:.0%}", "contradicted", "successes and errors exceed 100 %"
            )


IDENTITIES: Final[Sequence[Identity]] = (
    _delay,
    _distance,
    _money,
    _money_rates,
    _memory_share,
    _little,
    _kills,
    _growth_word,
    _use_within_size,
    _shares,
    *ARITHMETIC,
)
