"""Check a declaration against itself: numbers that must fit each other by arithmetic.

Each identity takes the bound quantities and returns the claims it can judge without any
evidence. An identity that lacks one of its terms says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from forensics.analysis._quantities import Quantity
from forensics.analysis._statements import Statement
from forensics.findings import Claim, ClaimVerdict, EvidenceRef


@dataclass(frozen=True, slots=True)
class Bound:
    """A quantity with its topic and the statement it stands in."""

    topic: str
    statement: Statement
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class Declared:
    """All bound quantities of one declaration; ``name`` is its file."""

    name: str
    bound: tuple[Bound, ...]

    def all(self, topic: str) -> list[Bound]:
        """Return the quantities of a topic in the order of their lines."""
        return [item for item in self.bound if item.topic == topic]

    def first(self, topic: str) -> Bound | None:
        """Return the first quantity of a topic."""
        return next(iter(self.all(topic)), None)

    def near(self, item: Bound, topic: str) -> Bound | None:
        """Return the quantity of a topic in the same line as ``item``."""
        same = (b for b in self.all(topic) if b.statement.line == item.statement.line)
        return next(same, None)

    def claim(self, item: Bound, measured: str | None, verdict: ClaimVerdict, why: str) -> Claim:
        """Return a claim about ``item`` whose evidence is the declaration itself."""
        return Claim(
            text=item.statement.text,
            line=item.statement.line,
            quantity=item.topic,
            claimed=item.quantity.text,
            measured=measured,
            verdict=verdict,
            why=why,
            evidence=[EvidenceRef(path=self.name, line=item.statement.line)],
        )


def check_identities(declared: Declared) -> list[Claim]:
    """Return what the declaration's own numbers say of each other, in line order."""
    claims = [claim for identity in IDENTITIES for claim in identity(declared)]
    return sorted(claims, key=lambda claim: claim.line)


def _verdict(difference: float, tolerance: float) -> ClaimVerdict:
    return "supported" if abs(difference) <= tolerance else "contradicted"


def _delay(declared: Declared) -> Iterator[Claim]:
    start = declared.first("start of the incident")
    detected = declared.first("detection of the incident")
    delay = declared.first("detection delay")
    if not (start and detected and delay):
        return
    if start.quantity.moment is None or detected.quantity.moment is None:
        return
    seconds = (detected.quantity.moment - start.quantity.moment).total_seconds()
    tolerance = delay.quantity.resolution + start.quantity.resolution + detected.quantity.resolution
    yield declared.claim(
        delay,
        format_seconds(seconds),
        _verdict(seconds - delay.quantity.value, tolerance),
        f"detected (line {detected.statement.line}) minus started (line {start.statement.line}) "
        f"is {format_seconds(seconds)}",
    )


def _distance(declared: Declared) -> Iterator[Claim]:
    """Check a change said to lie so long before the incident against both stated times."""
    start = declared.first("start of the incident")
    for item in declared.all("time before incident"):
        change = declared.near(item, "time of a change")
        if not (start and change and start.quantity.moment and change.quantity.moment):
            continue
        seconds = (start.quantity.moment - change.quantity.moment).total_seconds()
        yield declared.claim(
            item,
            format_seconds(seconds),
            _verdict(seconds - item.quantity.value, item.quantity.resolution),
            f"start of the incident (line {start.statement.line}) minus the change's time is "
            f"{format_seconds(seconds)}; the stated precision is "
            f"±{format_seconds(item.quantity.resolution)}",
        )


def _traffic(declared: Declared) -> Iterator[Claim]:
    for item in declared.all("traffic increase"):
        rates = [
            b.quantity.value
            for b in declared.all("request rate")
            if b.statement.line == item.statement.line and b.quantity.value > 0
        ]
        if len(rates) != 2:
            continue
        before, after = min(rates), max(rates)
        is_multiple = item.quantity.kind == "multiple"
        real = after / before - (0.0 if is_multiple else 1.0)
        stated = item.quantity.value
        shown = f"{real:.3g} times" if is_multiple else f"{real:+.0%}"
        why = f"{after:,.0f}/s against {before:,.0f}/s is {shown}"
        if not is_multiple and abs(after / before - stated) < 0.01 < abs(real - stated):
            why += (
                f"; {item.quantity.text} is the new level as a share of the old, not the increase"
            )
        yield declared.claim(item, shown, _verdict(real - stated, 0.05 * max(1.0, stated)), why)


def _money(declared: Declared) -> Iterator[Claim]:
    rate = declared.first("money lost per hour")
    start = declared.first("start of the incident")
    detected = declared.first("detection of the incident")
    for item in declared.all("money lost"):
        window = declared.near(item, "window")
        if rate is None or window is None or not rate.quantity.value:
            continue
        expected = rate.quantity.value * window.quantity.value / 3600.0
        unit = item.quantity.unit
        minutes = 60.0 * item.quantity.value / rate.quantity.value
        why = (
            f"{rate.quantity.text} (line {rate.statement.line}) over {window.quantity.text} is "
            f"{unit}{expected:,.0f}; {item.quantity.text} is {minutes:.1f} min at that rate"
        )
        if start and detected and start.quantity.moment and detected.quantity.moment:
            lasted = (detected.quantity.moment - start.quantity.moment).total_seconds()
            if 0 < lasted < window.quantity.value:
                why += f"; by its own times the incident had lasted {format_seconds(lasted)}"
        tolerance = item.quantity.resolution + 0.05 * expected
        yield declared.claim(
            item,
            f"{unit}{expected:,.0f}",
            _verdict(expected - item.quantity.value, tolerance),
            why,
        )


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
            _verdict(gap, tolerance),
            f"{first.quantity.text} (line {first.statement.line}) is {shown}; "
            f"{item.quantity.text} is {item.quantity.value:,.0f} an hour",
        )


def _memory_share(declared: Declared) -> Iterator[Claim]:
    """Hold a stated share of memory against the use and the limit of the same line."""
    for item in declared.all("memory share"):
        line = item.statement.line
        used = [b for b in declared.all("memory in use") if b.statement.line == line]
        limits = [b for b in declared.all("memory limit") if b.statement.line == line]
        whole = next((b.quantity.value for b in limits), None) or next(
            (b.quantity.other for b in used if b.quantity.other), None
        )
        if not used or not whole or item.quantity.bound:
            continue
        share = used[0].quantity.value / whole
        tolerance = item.quantity.resolution + 0.03 + used[0].quantity.resolution / whole
        yield declared.claim(
            item,
            f"{share:.0%}",
            _verdict(share - item.quantity.value, tolerance),
            f"{used[0].quantity.text} of {whole / 2**30:.3g} GiB is {share:.0%}",
        )


def _little(declared: Declared) -> Iterator[Claim]:
    """Queue depth against arrival rate times waiting time: L = λW (Little 1961)."""
    wait = declared.first("time-out")
    rates = [b for b in declared.all("request rate") if b.quantity.value > 0]
    for item in declared.all("pending requests for the pool"):
        if wait is None or not rates or not wait.quantity.value:
            continue
        arrival = max(rates, key=lambda b: b.quantity.value)
        expected = arrival.quantity.value * wait.quantity.value
        implied_s = item.quantity.value / arrival.quantity.value
        yield declared.claim(
            item,
            f"{expected:,.0f}",
            _verdict(expected - item.quantity.value, 0.5 * expected),
            f"Little's law: {arrival.quantity.text} waiting {wait.quantity.text} each would queue "
            f"{expected:,.0f}; {item.quantity.text} waiting means {implied_s:.2g} s each at that "
            "rate, or that most requests are refused before they queue",
        )


def _kills(declared: Declared) -> Iterator[Claim]:
    """Kills in a window against the growth rate and the limit: each life must fill the limit."""
    growth = declared.first("memory growth rate")
    memory = next((b for b in declared.all("memory in use") if b.quantity.other), None)
    for item in declared.all("out-of-memory kills"):
        window = declared.near(item, "window")
        if not (growth and memory and window) or not growth.quantity.value:
            continue
        fill_min = (memory.quantity.other or 0.0) / growth.quantity.value
        window_min = window.quantity.value / 60.0
        if fill_min <= window_min:
            continue
        yield declared.claim(
            growth,
            f"{fill_min:.0f} min to fill the limit",
            "contradicted",
            f"at {growth.quantity.text} an empty process needs {fill_min:.0f} min to reach its "
            f"limit of {memory.quantity.text.rpartition('/')[2].strip()}, yet line "
            f"{item.statement.line} has {item.quantity.text} killed within {window.quantity.text}; "
            "the rate, the limit and the kills fit together only if processes start nearly full "
            "or had grown since long before",
        )


def _growth_word(declared: Declared) -> Iterator[Claim]:
    for item in declared.all("growth shape"):
        rate = declared.near(item, "memory growth rate")
        if rate is None or "exponential" not in item.quantity.text:
            continue
        yield declared.claim(
            item,
            None,
            "contradicted",
            f"{rate.quantity.text} is a constant number of bytes a minute, which is linear; "
            "exponential growth is stated by a doubling time",
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


Identity = Callable[[Declared], Iterator[Claim]]

IDENTITIES: Final[Sequence[Identity]] = (
    _delay,
    _distance,
    _traffic,
    _money,
    _money_rates,
    _memory_share,
    _little,
    _kills,
    _growth_word,
    _use_within_size,
    _shares,
)


def format_seconds(seconds: float) -> str:
    """Return a duration as people write it: ``5 min 28 s``."""
    sign = "-" if seconds < 0 else ""
    whole = round(abs(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else ""]
    parts.append(f"{rest} s" if rest or not (hours or minutes) else "")
    return sign + " ".join(part for part in parts if part)
