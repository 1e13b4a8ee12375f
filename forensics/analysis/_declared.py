"""What a declaration says, bound to topics: the ground that claims are judged on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from forensics.analysis._quantities import Quantity
from forensics.analysis._statements import Statement
from forensics.findings import Claim, ClaimVerdict, EvidenceRef


@dataclass(frozen=True, slots=True)
class Bound:
    """A quantity with its topic and the statement it stands in."""

    topic: str
    statement: Statement
    quantity: Quantity

    @property
    def name(self) -> str:
        """What the quantity is of: its topic, else the noun or the label it stands with."""
        label = self.statement.label.lower()
        return self.topic or self.quantity.noun or label or "unknown"


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

    def around(self, item: Bound, topic: str) -> Bound | None:
        """Return the quantity of a topic nearest in ``item``'s section, else the first at all."""
        place, section = item.statement.line, item.statement.section
        mine = [b for b in self.all(topic) if b.statement.section == section]
        return min(mine, key=lambda b: abs(b.statement.line - place), default=self.first(topic))

    def gap_s(self, first: Bound | None, second: Bound | None) -> float | None:
        """Return the seconds from one stated moment to another; ``None`` where one has none."""
        if first is None or second is None:
            return None
        if first.quantity.moment is None or second.quantity.moment is None:
            return None
        return (second.quantity.moment - first.quantity.moment).total_seconds()

    def claim(self, item: Bound, measured: str | None, verdict: ClaimVerdict, why: str) -> Claim:
        """Return a claim about ``item`` whose evidence is the declaration itself."""
        return Claim(
            text=item.statement.text,
            line=item.statement.line_of(item.quantity),
            quantity=item.name,
            claimed=item.quantity.text,
            measured=measured,
            verdict=verdict,
            why=why,
            evidence=[EvidenceRef(path=self.name, line=item.statement.line_of(item.quantity))],
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


def agree(difference: float, tolerance: float) -> ClaimVerdict:
    """Return the verdict on a difference that rounding may explain."""
    return "supported" if abs(difference) <= tolerance else "contradicted"


Identity = Callable[[Declared], Iterator[Claim]]
