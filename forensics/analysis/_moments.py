"""Check the moments, versions and states that a declaration asserts."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from forensics.analysis._context import Context
from forensics.analysis._declared import Bound, Declared, format_seconds
from forensics.analysis.roles import Result as Roles
from forensics.findings import Claim, ClaimVerdict, EvidenceRef
from forensics.tables import TIME

#: Two clocks that tell of one change rarely agree to better than this.
_SAME_CHANGE: Final = timedelta(minutes=2)
_STOP: Final = frozenset(
    ["the", "and", "for", "from", "with", "was", "has", "have", "been", "into", "onto", "this"]
)


def check_change_time(item: Bound, context: Context, declared: Declared) -> Claim:
    """Compare the stated time of a change with the changes that the evidence records."""
    moment = item.quantity.moment
    assert moment is not None
    nearest = _nearest_change(item, moment, context.changes)
    if nearest is None:
        return declared.claim(item, None, "untestable", "no record of changes covers this time")
    row, shared = nearest
    times = [t for t in (row["time"], row["end_time"]) if t is not None]
    gap = min((abs(t - moment) for t in times), default=timedelta.max)
    shown = " to ".join(f"{t:%H:%M:%S}" for t in times)
    about = f" ({', '.join(sorted(shared))})" if shared else ""
    why = f"{row['source']} records {row['kind']} {row['what']!r} at {shown} UTC{about}"
    tolerance = max(_SAME_CHANGE, timedelta(seconds=item.quantity.resolution))
    verdict: ClaimVerdict = "supported" if gap <= tolerance else "contradicted"
    if not shared and verdict == "contradicted":
        verdict, why = "untestable", "no recorded change near this time shares the line's words"
    claim = declared.claim(item, shown, verdict, why)
    ref = EvidenceRef(path=str(row["source"]), query=str(row["what"]))
    return claim.model_copy(update={"evidence": [*claim.evidence, ref]})


def _nearest_change(
    item: Bound, moment: datetime, changes: pl.DataFrame
) -> tuple[dict[str, Any], set[str]] | None:
    """Return the change that shares most words with the line, the nearest among equals."""
    if changes.is_empty():
        return None
    words = _words(item.statement.words)
    best: tuple[float, float, dict[str, Any], set[str]] | None = None
    for row in changes.iter_rows(named=True):
        if row["time"] is None or str(row["source"]) == "" or _is_declared(row):
            continue
        said = " ".join(str(row[c] or "") for c in ("kind", "what", "to_version", "details"))
        shared = words & _words(said.lower())
        gap_s = min(
            abs((t - moment).total_seconds())
            for t in (row["time"], row["end_time"])
            if t is not None
        )
        key = (float(len(shared)) - gap_s / 600.0, -gap_s)
        if best is None or key > best[:2]:
            best = (*key, row, shared)
    if best is None:
        return None
    return best[2], best[3]


def _is_declared(row: dict[str, Any]) -> bool:
    """Say whether a change is only known from a declaration: it can't be its own witness."""
    return "#declaration" in str(row["source"])


def _words(text: str) -> set[str]:
    return {
        w for w in re.findall(r"[a-z][a-z]{2,}|v?\d+(?:\.\d+)+", text.lower()) if w not in _STOP
    }


def check_version(item: Bound, context: Context, declared: Declared) -> Claim | None:
    """Look a version up among changes, running versions and events."""
    wanted = item.quantity.text.lower().removeprefix("v")
    seen: dict[str, str] = {}
    for row in context.changes.iter_rows(named=True):
        if _is_declared(row):
            continue
        for column in ("from_version", "to_version", "what", "details"):
            if row[column] and re.search(
                rf"(?<![\d.]){re.escape(wanted)}(?![\d])", str(row[column])
            ):
                seen.setdefault(str(row["source"]), f"{column.replace('_', ' ')} of {row['what']}")
    running = context.roles.points["version"].drop_nulls().unique().to_list()
    for version in running:
        if str(version).lower().removeprefix("v") == wanted:
            seen.setdefault("metrics", "a version that ran")
    if not seen:
        if not running and context.changes.is_empty():
            return None
        return declared.claim(
            item, None, "untestable", "neither changes nor metrics name this version"
        )
    where, how = next(iter(seen.items()))
    claim = declared.claim(item, wanted, "supported", f"{where}: {how}")
    return claim.model_copy(update={"evidence": [*claim.evidence, EvidenceRef(path=where)]})


def check_start(item: Bound, context: Context, declared: Declared) -> Claim | None:
    """Compare the stated start with the first minute in which errors stay high."""
    moment = item.quantity.moment
    onset = error_onset(context)
    if moment is None or onset is None:
        return None
    gap_s = (onset - moment).total_seconds()
    verdict: ClaimVerdict = "supported" if abs(gap_s) <= 120 else "contradicted"
    claim = declared.claim(
        item,
        f"{onset:%Y-%m-%dT%H:%M:%SZ}",
        verdict,
        f"the error share first stays above half of its peak {format_seconds(abs(gap_s))} "
        f"{'after' if gap_s >= 0 else 'before'} the stated start",
    )
    return claim.model_copy(
        update={"evidence": [*claim.evidence, *context.refs("errors", "requests")]}
    )


def check_detection(item: Bound, context: Context, declared: Declared) -> Claim | None:
    """Compare the stated detection with the first alert after the stated start."""
    moment = item.quantity.moment
    alerts = context.events.filter((pl.col("kind") == "alert") & pl.col("time").is_not_null())
    if context.started_at is not None:
        alerts = alerts.filter(pl.col("time") >= context.started_at - timedelta(minutes=5))
    if moment is None or alerts.is_empty():
        return None
    first = alerts.sort("time").row(0, named=True)
    gap_s = (first["time"] - moment).total_seconds()
    is_near = abs(gap_s) <= _SAME_CHANGE.total_seconds()
    side = "after" if gap_s >= 0 else "before"
    claim = declared.claim(
        item,
        f"{first['time']:%Y-%m-%dT%H:%M:%SZ}",
        "supported" if is_near else "untestable",
        f"the first alert, {first['reason']}, fired {format_seconds(abs(gap_s))} {side} the stated "
        "detection" + ("" if is_near else "; when a person took note is not in the evidence"),
    )
    ref = EvidenceRef(path=str(first["source"]), query=str(first["reason"]))
    return claim.model_copy(update={"evidence": [*claim.evidence, ref]})


def error_onset(context: Context) -> datetime | None:
    """Return when the share of failed requests first crossed half of its highest value.

    ``None`` where there are no errors and requests, or the share never passes 2 %.
    """
    share = error_share(context.roles)
    if share.height < 5:
        return None
    peak = float(share["share"].max() or 0.0)  # type: ignore[arg-type]  # polars scalar
    if peak < 0.02:
        return None
    first: datetime = share.filter(pl.col("share") >= peak / 2)["time"][0]
    return first


def error_share(roles: Roles) -> pl.DataFrame:
    """Return ``time, share``: failed over all requests, as one observer counted them."""
    traffic = roles.traffic()
    sums = {
        role: traffic.filter(pl.col("role") == role).group_by("time").agg(pl.col("value").sum())
        for role in ("errors", "requests")
    }
    if sums["errors"].is_empty():
        return pl.DataFrame(schema={"time": TIME, "share": pl.Float64})
    return (
        sums["requests"]
        .rename({"value": "all"})
        .join(sums["errors"].rename({"value": "bad"}), on="time", how="left")
        .filter(pl.col("all") > 0)
        .select("time", share=(pl.col("bad").fill_null(0.0) / pl.col("all")).clip(0.0, 1.0))
        .sort("time")
    )
