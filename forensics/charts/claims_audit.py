"""The declaration's claims, each with its verdict, as a table one can read from afar."""

from __future__ import annotations

from itertools import accumulate
from typing import Final

import polars as pl

from forensics.charts._chart import Axis, Chart, Mark, Note, Panel, Rects
from forensics.charts._layout import wrap_label
from forensics.charts._signal import references
from forensics.findings import Claim, Findings

TITLE: Final = "Claims of the declaration against what was measured"
NEEDS: Final = ("findings",)

_MOST: Final = 10
_ROLES: Final = {"contradicted": "bad", "untestable": "muted", "supported": "good"}
_SIGNS: Final = {"contradicted": "✕", "untestable": "?", "supported": "✓"}
#: Where the columns begin, and how many letters each holds in two lines.
_COLUMNS: Final = (("claimed quantity", 0.04, 30), ("claimed", 0.31, 32), ("measured", 0.6, 46))


def draw(findings: Findings) -> Chart | None:
    """Return the chart, or ``None`` where nothing was claimed."""
    if not findings.claims:
        return None
    order = list(_ROLES)
    claims = sorted(findings.claims, key=lambda c: (order.index(c.verdict), c.line))
    wrong = [claim for claim in claims if claim.verdict == "contradicted"]
    shown = (wrong or claims)[:_MOST]
    title = _title(claims)
    return Chart(
        id="claims-audit",
        title=title,
        subtitle=_subtitle(len(shown), len(wrong), len(claims)),
        panels=(
            Panel(
                x=Axis(scale="none", low=0.0, high=float(len(claims))),
                y=Axis(scale="none", low=0.0, high=1.0),
                marks=(_strip(claims),),
                height=0.45,
            ),
            Panel(
                x=Axis(scale="none", low=0.0, high=1.0),
                y=Axis(scale="none", low=0.0, high=len(shown) + 1.0),
                marks=tuple(_marks(shown)),
                height=0.38 * (len(shown) + 1),
            ),
        ),
        caption=(
            "The bar counts all claims by verdict. Untestable means that the evidence given "
            "decides neither way; every claim is in the table."
        ),
        alt=f"Bar of verdicts and table of {len(shown)} claims. {title}.",
        table=_table(claims),
        sources=references(*(claim.evidence for claim in claims)),
        height_in=0.75 + 0.38 * (len(shown) + 1),
    )


def _subtitle(shown: int, wrong: int, whole: int) -> str:
    if wrong:
        return f"{shown} of the {wrong} contradicted claims" if shown < wrong else "what disagrees"
    return f"{shown} of {whole} claims" if shown < whole else "all claims"


def _strip(claims: list[Claim]) -> Rects:
    """Return one bar with a part for each verdict, as long as it has claims."""
    counts = {verdict: sum(c.verdict == verdict for c in claims) for verdict in _ROLES}
    present = {verdict: count for verdict, count in counts.items() if count}
    ends = list(accumulate(present.values()))
    return Rects(
        name="verdicts",
        legend=False,
        x0=[float(end - count) for end, count in zip(ends, present.values(), strict=True)],
        x1=[float(end) for end in ends],
        y0=[0.1] * len(ends),
        y1=[0.9] * len(ends),
        roles=[_ROLES[verdict] for verdict in present],
        labels=[
            f"{count} {_SIGNS[verdict]}" + (f"\n{verdict}" if count * 8 > len(claims) else "")
            for verdict, count in present.items()
        ],
        texts=[f"{count} {verdict}" for verdict, count in present.items()],
    )


def _marks(shown: list[Claim]) -> list[Mark]:
    top = float(len(shown))
    marks: list[Mark] = [
        Note(name=f"head {text}", role="soft", x=x, y=top + 0.5, text=text, bold=True)
        for text, x, _ in _COLUMNS
    ]
    for i, claim in enumerate(shown):
        y = top - i - 0.5
        sign = _SIGNS[claim.verdict]
        cells = (claim.quantity, claim.claimed, claim.measured or "no evidence")
        marks.append(
            Note(name=f"sign {i}", role=_ROLES[claim.verdict], x=0.008, y=y, text=sign, bold=True)
        )
        marks += [
            Note(name=f"claim {i} {x}", role="ink", x=x, y=y, text=wrap_label(text, letters))
            for text, (_, x, letters) in zip(cells, _COLUMNS, strict=True)
        ]
    return marks


def _table(claims: list[Claim]) -> pl.DataFrame:
    return pl.DataFrame(
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
    )


def _title(claims: list[Claim]) -> str:
    counts = {verdict: sum(c.verdict == verdict for c in claims) for verdict in _ROLES}
    if not counts["contradicted"]:
        parts = [f"{count} {verdict}" for verdict, count in counts.items() if count]
        return f"None of {len(claims)} declared claims is contradicted: {', '.join(parts)}"
    rest = [f"{counts[v]} {v}" for v in ("supported", "untestable") if counts[v]]
    head = f"The evidence contradicts {counts['contradicted']} of {len(claims)} declared claims"
    return f"{head} ({', '.join(rest)})" if rest else head
