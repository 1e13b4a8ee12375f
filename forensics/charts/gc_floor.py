"""What survives each collection, and how long the collections stop the world."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Line, Mark, Panel, Points
from forensics.charts._layout import thin
from forensics.charts._signal import (
    MOST_POINTS,
    MOST_SERIES,
    change_rules,
    focus,
    references,
    sources_of,
    time_ends,
)
from forensics.charts._theme import role_of
from forensics.charts._units import human
from forensics.findings import Findings

TITLE: Final = "Memory that survives collection, and pauses"
NEEDS: Final = ("findings", "gc")

_HEAVY: Final = ("full", "mixed")


def draw(findings: Findings, gc: pl.DataFrame) -> Chart | None:
    """Return the chart, or ``None`` where no collection has a time and a size."""
    gc = gc.drop_nulls("time").sort("entity", "time")
    sized = gc.drop_nulls("heap_after_bytes")
    if sized.is_empty():
        return None
    low, high = focus(findings, *time_ends(sized))
    time = Axis(label="time (UTC)", scale="time", low=low, high=high)
    panels = [
        Panel(
            title="heap after collection",
            x=time,
            y=Axis(label="heap after collection", unit="bytes", low=0.0),
            marks=(*_floors(sized), *change_rules(findings, low, high)),
            height=1.4,
        )
    ]
    paused = gc.drop_nulls("pause_ms")
    if not paused.is_empty():
        panels.append(
            Panel(
                title="pauses",
                x=time,
                y=Axis(label="pause", unit="ms", low=0.0),
                marks=tuple(_pauses(paused)),
            )
        )
    return Chart(
        id="gc-floor",
        title=_title(sized, paused),
        subtitle="heap in use after each collection, and stop-the-world pauses",
        panels=tuple(panels),
        caption=(
            "What survives collection is in use or held by mistake: a floor that rises while the "
            f"load stays is a leak.{_heavy_named(sized)}"
        ),
        alt=f"Heap after collection and pauses over time. {_title(sized, paused)}.",
        table=sized.select(
            "time", "entity", "kind", "heap_before_bytes", "heap_after_bytes", "pause_ms"
        ),
        sources=references(sources_of(findings, ("gc",), sized)),
        height_in=2.4 + 1.8 * (len(panels) - 1),
    )


def _heavy_named(sized: pl.DataFrame) -> str:
    """Explain the diamonds where there are any."""
    has_heavy = sized["kind"].is_in(_HEAVY).any()
    return " Diamonds: full and mixed collections." if has_heavy else ""


def _floors(sized: pl.DataFrame) -> list[Mark]:
    marks: list[Mark] = []
    for index, (key, part) in enumerate(_parts(sized)):
        x, y = thin(part["time"].to_list(), part["heap_after_bytes"].to_list(), MOST_POINTS)
        marks.append(Line(name=key, role=role_of(index), x=x, y=[float(v) for v in y]))
        heavy = part.filter(pl.col("kind").is_in(_HEAVY)).head(MOST_POINTS)
        if not heavy.is_empty():
            marks.append(
                Points(
                    name=f"{key}, full or mixed",
                    role=role_of(index),
                    legend=False,
                    x=heavy["time"].to_list(),
                    y=[float(value) for value in heavy["heap_after_bytes"]],
                    texts=heavy["cause"].fill_null("").to_list(),
                    symbol="diamond",
                    size=4.0,
                )
            )
    return marks


def _pauses(paused: pl.DataFrame) -> list[Mark]:
    """Draw the longest pauses of each entity; the short ones say nothing a reader would miss."""
    longest = [
        (key, part.top_k(MOST_POINTS, by="pause_ms").sort("time")) for key, part in _parts(paused)
    ]
    return [
        Points(
            name=f"pauses of {key}",
            role=role_of(index),
            legend=False,
            x=part["time"].to_list(),
            y=part["pause_ms"].to_list(),
            texts=[f"{value:.0f} ms" for value in part["pause_ms"]],
            size=2.2,
        )
        for index, (key, part) in enumerate(longest)
    ]


def _parts(frame: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    named = frame.with_columns(pl.col("entity").fill_null("process"))
    parts = named.partition_by("entity", as_dict=True, maintain_order=True)
    return [(str(key[0]), part) for key, part in sorted(parts.items())][:MOST_SERIES]


def _title(sized: pl.DataFrame, paused: pl.DataFrame) -> str:
    steps = (
        sized.group_by("entity")
        .agg(
            first=pl.col("heap_after_bytes").head(5).median(),
            last=pl.col("heap_after_bytes").tail(5).median(),
        )
        .with_columns(rise=pl.col("last") - pl.col("first"))
        .sort("rise", descending=True)
    )
    top = steps.row(0, named=True)
    verb = "rises" if top["rise"] > 0 else "goes"
    of = f" of {top['entity']}" if top["entity"] else ""
    ends = f"from {human(top['first'], 'bytes')} to {human(top['last'], 'bytes')}"
    head = f"The floor{of} {verb} {ends}"
    longest = paused["pause_ms"].max() if not paused.is_empty() else None
    return f"{head}; pauses reach {human(longest, 'ms')}" if isinstance(longest, float) else head
