"""Check states that a declaration asserts without a number: a leak, a shape, a full pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from forensics.analysis._context import Context
from forensics.analysis._declared import Bound, Declared
from forensics.analysis._state_words import DENIED
from forensics.analysis.memory_growth import findings as growth_findings
from forensics.findings import Claim, ClaimVerdict, Growth

_SHAPES: Final = {
    "exponential": {"exponential"},
    "linear": {"linear", "piecewise", "piecewise linear", "per_request", "load_following"},
    "constant": {"constant"},
    "logarithmic": {"saturating", "power"},
    "quadratic": {"power"},
}
_OPPOSITE: Final[dict[ClaimVerdict, ClaimVerdict]] = {
    "supported": "contradicted",
    "contradicted": "supported",
    "untestable": "untestable",
}
_UNRELEASED: Final = "connection|statement|session|socket|stream|handle|cursor|transaction"


def check_state(item: Bound, context: Context, declared: Declared) -> Claim | None:
    """Judge an asserted state; ``None`` where nothing in the evidence bears on it."""
    check = _CHECKS.get(item.topic.removeprefix(DENIED))
    claim = check(item, context, declared) if check else None
    if claim is None or not item.topic.startswith(DENIED):
        return claim
    return claim.model_copy(update={"verdict": _OPPOSITE[claim.verdict]})


def growth_entries(context: Context) -> list[Growth]:
    """Return what the growth analysis found of each process lifetime."""
    return [] if context.growth is None else growth_findings(context.growth)


def _growth_shape(item: Bound, context: Context, declared: Declared) -> Claim | None:
    leaking = [entry for entry in growth_entries(context) if entry.leak == "yes"]
    if not leaking:
        return None
    said = _SHAPES.get(item.quantity.text.lower())
    if said is None:
        return None
    agree = [entry for entry in leaking if entry.model in said]
    settled = [entry for entry in leaking if entry.model != "undetermined"]
    if not settled:
        why = "the growth models can't be told apart on the samples there are"
        return declared.claim(item, None, "untestable", why)
    share = len(agree) / len(settled)
    models = ", ".join(sorted({entry.model.replace("_", " ") for entry in settled}))
    claim = declared.claim(
        item,
        models,
        "supported" if share >= 0.5 else "contradicted",
        f"{len(agree)} of {len(settled)} leaking lives fit {item.quantity.text} growth best; "
        f"models chosen: {models}",
    )
    refs = [ref for entry in settled[:4] for ref in entry.evidence[:1]]
    return claim.model_copy(update={"evidence": [*claim.evidence, *refs]})


def _leak(item: Bound, context: Context, declared: Declared) -> Claim | None:
    entries = growth_entries(context)
    if not entries:
        return None
    yes = [entry for entry in entries if entry.leak == "yes"]
    no = [entry for entry in entries if entry.leak == "no"]
    shown = f"{len(yes)} lives leak, {len(no)} don't, {len(entries) - len(yes) - len(no)} unclear"
    if not yes and not no:
        return declared.claim(item, shown, "untestable", "no life is long enough to tell")
    verdict = "supported" if yes else "contradicted"
    claim = declared.claim(item, shown, "supported" if yes else "contradicted", f"growth: {shown}")
    refs = [ref for entry in (yes or no)[:4] for ref in entry.evidence[:1]]
    return claim.model_copy(update={"verdict": verdict, "evidence": [*claim.evidence, *refs]})


def _pool_exhausted(item: Bound, context: Context, declared: Declared) -> Claim | None:
    active = context.signal("pool_active")
    size = context.signal("pool_max").group_by("entity").agg(size=pl.col("value").max())
    pending = context.signal("pool_pending")
    if active.is_empty() or size.is_empty():
        return None
    full = (
        active.join(size, on="entity")
        .group_by("entity")
        .agg(share=(pl.col("value") / pl.col("size")).max())
    )
    count = full.filter(pl.col("share") >= 0.98).height
    waiting = float(pending["value"].max() or 0) if pending.height else 0.0  # type: ignore[arg-type]  # polars scalar
    shown = f"{count} of {full.height} pools at 98 % or more, up to {waiting:,.0f} waiting"
    claim = declared.claim(
        item,
        shown,
        "supported" if count else "contradicted",
        f"connections in use over the pool's size: {shown}",
    )
    refs = context.refs("pool_active", "pool_max", "pool_pending")
    return claim.model_copy(update={"evidence": [*claim.evidence, *refs]})


def _unreleased(item: Bound, context: Context, declared: Declared) -> Claim | None:
    """Look for resource objects among what the dumps' suspects are or hold."""
    files = getattr(context.heap, "files", ()) or ()
    if not files:
        return None
    seen: list[str] = []
    for file in files:
        for suspect in file.suspects:
            text = " ".join([suspect.class_, *suspect.held_by])
            if pl.Series([text.lower()]).str.contains(_UNRELEASED)[0]:
                seen.append(
                    f"{suspect.class_} ({suspect.instances:,} objects, {suspect.share:.0%})"
                )
    shown = "; ".join(dict.fromkeys(seen)) or "no suspect is or holds a resource object"
    return declared.claim(item, shown, "supported" if seen else "contradicted", f"heap: {shown}")


_Check = Callable[[Bound, Context, Declared], Claim | None]

_CHECKS: Final[dict[str, _Check]] = {
    "growth shape": _growth_shape,
    "memory leak": _leak,
    "pool exhausted": _pool_exhausted,
    "unreleased resources in the heap": _unreleased,
}
