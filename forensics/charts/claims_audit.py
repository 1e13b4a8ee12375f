"""The declaration's claims, each with its verdict, as a table one can read from afar."""

from __future__ import annotations

from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Mark, Note, Panel, Rects
from forensics.charts._layout import fit_label
from forensics.charts._signal import references
from forensics.findings import Claim, Findings

TITLE: Final = "Claims of the declaration against what was measured"
NEEDS: Final = ("findings",)

_MOST: Final = 30
_ROLES: Final = {"contradicted": "bad", "supported": "good", "untestable": "muted"}
_SIGNS: Final = {"contradicted": "✕", "supported": "✓", "untestable": "?"}


def draw(findings: Findings) -> Chart | None:
    """Return the chart, or ``None`` where nothing was claimed."""
    if not findings.claims:
        return None
    order = list(_ROLES)
    claims = sorted(findings.claims, key=lambda c: (order.index(c.verdict), c.line))
    shown = claims[:_MOST]
    title = _title(findings.claims)
    return Chart(
        id="claims-audit",
        title=title,
        subtitle="claimed against measured, by verdict",
        panels=(
            Panel(
                x=Axis(scale="none", low=0.0, high=1.0),
                y=Axis(scale="none", low=0.0, high=len(shown) + 1.0),
                marks=tuple(_marks(shown)),
            ),
        ),
        caption=(
            "Untestable means that no evidence was given that could decide. "
            + ("" if len(claims) <= _MOST else "Further claims are in the table.")
        ).strip(),
        alt=f"Table of {len(shown)} claims with verdicts. {title}.",
        table=pl.DataFrame(
            [
                {
                    "line": c.line,
                    "quantity": c.quantity,
                    "claimed": c.claimed,
                    "measured": c.measured,
                    "verdict": c.verdict,
                    "why": c.why,
                }
                for c in claims
            ],
            infer_schema_length=None,
        ),
        sources=references(*(claim.evidence for claim in claims)),
        height_in=0.6 + 0.27 * len(shown),
    )


def _marks(shown: list[Claim]) -> list[Mark]:
    top = float(len(shown))
    marks: list[Mark] = [
        Note(name=f"head {text}", role="soft", x=x, y=top + 0.5, text=text, bold=True)
        for x, text in ((0.045, "quantity"), (0.34, "claimed"), (0.64, "measured"))
    ]
    marks.append(
        Rects(
            name="verdicts",
            legend=False,
            x0=[0.005] * len(shown),
            x1=[0.033] * len(shown),
            y0=[top - i - 0.88 for i in range(len(shown))],
            y1=[top - i - 0.12 for i in range(len(shown))],
            roles=[_ROLES[claim.verdict] for claim in shown],
            labels=[_SIGNS[claim.verdict] for claim in shown],
            texts=[f"{claim.quantity}: {claim.verdict}" for claim in shown],
        )
    )
    for i, claim in enumerate(shown):
        cells = (
            (0.045, fit_label(claim.quantity, 34), "ink"),
            (0.34, fit_label(claim.claimed, 34), "ink"),
            (0.64, fit_label(claim.measured or "no evidence", 42), "ink"),
        )
        marks += [
            Note(name=f"claim {i} {x}", role=role, x=x, y=top - i - 0.5, text=text)
            for x, text, role in cells
        ]
    return marks


def _title(claims: list[Claim]) -> str:
    counts = {verdict: sum(c.verdict == verdict for c in claims) for verdict in _ROLES}
    parts = [f"{count} {verdict}" for verdict, count in counts.items() if count]
    return f"Of {len(claims)} claims in the declaration, {', '.join(parts)}"
