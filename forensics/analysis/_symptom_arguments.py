"""Evidence for and against a candidate where memory doesn't leak: what hurt, and when."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from forensics.analysis._arguments import Rule, Scene, change_refs, weigh_mechanism
from forensics.analysis._candidates import NONE_ID, Candidate
from forensics.analysis._context import show_bytes
from forensics.analysis._declared import format_seconds
from forensics.analysis._exposure import Explained
from forensics.analysis._symptoms import (
    BUSIER,
    hold_time_shift,
    shift_of_each,
    traffic_shift,
)
from forensics.findings import Argument, EvidenceRef

_LEVEL_SHIFT: Final = 1.5
#: Less than a rise of the load proper, more than its swings: a full pool serves no more.
_SOME_RISE: Final = 1.3
#: From here on a rate is shown without decimals.
_WHOLE: Final = 100.0
#: Nearer than this, trouble began with the change.
_AT_ONCE_S: Final = 15.0
#: A limit at this share of what it was, or less, was lowered.
_LESS: Final = 0.95
#: What can go wrong for users, and which roles show it; how much it says that all of it is fine,
#: and how much less each says that isn't measured.
_MEASURED: Final = {
    "errors": ("errors", "requests"),
    "full pools": ("pool_active",),
    "slow answers": ("latency",),
}
_HEALTHY, _BLIND = 4.0, 1.0
#: No trouble that outlasts its supposed cause, or ends with it, is certain evidence.
_ENDING_CAP: Final = 2.5
#: Work on a database or a machine leaves another state behind: that trouble outlasts it says
#: little against it. A sale that is over is over.
_OUTLASTED: Final = {"database": 0.5, "infra": 0.5}


def _symptom_timing(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    del explained
    if candidate.time is None or scene.symptom is None:
        return
    length, delay_s = scene.panel.length_s, scene.panel.delay_s
    gap = scene.symptom.time.timestamp() - candidate.time.timestamp()
    if gap < -min(60.0, delay_s):
        density = 0.02 / length
    else:
        density = 0.98 / delay_s * math.exp(-max(gap, 0.0) / delay_s) + 0.02 / length
    side = "after" if gap >= 0 else "before"
    when = "at once" if abs(gap) < _AT_ONCE_S else f"first {format_seconds(abs(gap))} {side} it"
    yield Argument(
        text=f"{scene.symptom.why}, {when}",
        weight=math.log(density * length),
        evidence=[
            *change_refs(candidate),
            *(EvidenceRef(path="metrics", query=r) for r in scene.symptom.roles),
        ],
    )


def _traffic(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    del explained
    if candidate.kind != "traffic" or candidate.time is None:
        return
    shift = traffic_shift(scene.roles, candidate.time)
    if math.isnan(shift.factor):
        return
    rose = 1.5 if shift.factor >= _LEVEL_SHIFT else 0.5 if shift.factor >= _SOME_RISE else -2.0
    yield Argument(
        text=f"requests went from {_rate(shift.before)} to {_rate(shift.after)} around it",
        weight=rose,
        evidence=[EvidenceRef(path="metrics", query="requests")],
    )


def _rate(value: float) -> str:
    return f"{value:,.0f}/s" if value >= _WHOLE else f"{value:.3g}/s"


def _slower_work(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    """Weigh how long a request holds its connection: slower work raises it, traffic doesn't."""
    del explained
    if scene.symptom is None or candidate.change_id == NONE_ID:
        return
    # The trouble may show long after traffic rose, once queues have filled.
    is_traffic = candidate.kind == "traffic" and candidate.time is not None
    at = min(candidate.time or scene.symptom.time, scene.symptom.time)
    at = at if is_traffic else scene.symptom.time
    hold = hold_time_shift(scene.roles, at)
    rate = traffic_shift(scene.roles, at)
    if math.isnan(hold.factor) or math.isnan(rate.factor):
        return
    is_slower, is_busier = hold.factor >= 2.0, rate.factor >= _LEVEL_SHIFT
    text = (
        f"a request holds its connection {hold.factor:.2g} times as long as before the trouble, "
        f"with {rate.factor:.2g} times the requests"
    )
    weight = 0.0
    if candidate.kind == "traffic":
        weight = 0.7 if is_busier else 0.0 if rate.factor >= _SOME_RISE else -2.0
    elif is_slower and not is_busier:
        weight = 1.0
    elif is_busier and not is_slower:
        weight = -1.0
    refs = [EvidenceRef(path="metrics", query=role) for role in ("pool_active", "requests")]
    yield Argument(text=text, weight=weight, evidence=refs)


def _healthy(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    del explained
    if candidate.change_id != NONE_ID:
        return
    if scene.symptom is not None and scene.symptom.kind == BUSIER:
        yield Argument(
            text="neither a leak nor errors, a full pool or slow answers are in the evidence",
            weight=1.0,
            evidence=[EvidenceRef(path="metrics")],
        )
    elif scene.symptom is None:
        blind = [name for name, roles in _MEASURED.items() if scene.roles.role(*roles).is_empty()]
        fine = [name for name in _MEASURED if name not in blind]
        text = f"neither a leak nor {' or '.join(fine)} are in the evidence" if fine else "no leak"
        unseen = f"; {' and '.join(blind)} are not measured" if blind else ""
        yield Argument(
            text=f"{text}{unseen}",
            weight=max(_HEALTHY - _BLIND * len(blind), 1.0),
            evidence=[EvidenceRef(path="metrics")],
        )


def _ending(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    """Weigh whether the trouble was over when the change was."""
    del explained
    panel, symptom = scene.panel, scene.symptom
    if symptom is None or candidate.end_time is None or candidate.change_id == NONE_ID:
        return
    over_s = candidate.end_time.timestamp()
    if candidate.kind not in {"traffic", "database", "infra"} or symptom.end is None:
        return
    if over_s > panel.window[1] - 3 * panel.delay_s:
        return
    gap_s = symptom.end.timestamp() - over_s
    density = 0.5 / panel.delay_s * math.exp(-abs(gap_s) / panel.delay_s)
    weight = math.log(0.95 * density * panel.length_s + 0.05)
    side = "after" if gap_s >= 0 else "before"
    yield Argument(
        text=f"the trouble was last seen {format_seconds(abs(gap_s))} {side} it was over",
        weight=max(-_OUTLASTED.get(candidate.kind, _ENDING_CAP), min(_ENDING_CAP, weight)),
        evidence=[
            *change_refs(candidate),
            *(EvidenceRef(path="metrics", query=role) for role in symptom.roles),
        ],
    )


def _limit(candidate: Candidate, explained: Explained, scene: Scene) -> Iterator[Argument]:
    """Weigh whether processes that were killed for want of memory got less of it."""
    del explained
    if scene.symptom is None or scene.symptom.kind != "kills" or candidate.time is None:
        return
    limits = scene.roles.role("memory_limit", "heap_max")
    shift = shift_of_each(limits, candidate.time, candidate.end_time)
    if math.isnan(shift.factor):
        return
    fell = shift.factor <= _LESS
    text = f"the memory limit went from {show_bytes(shift.before)} to {show_bytes(shift.after)}"
    yield Argument(
        text=f"{text} around it" if fell else "no memory limit was lowered around it",
        weight=3.0 if fell else -0.7,
        evidence=[EvidenceRef(path="metrics", query="memory_limit")],
    )


#: What is asked where memory doesn't leak, by the name that the ablation table uses.
SYMPTOM_RULES: Final[dict[str, Rule]] = {
    "symptom timing": _symptom_timing,
    "ending": _ending,
    "traffic": _traffic,
    "hold time": _slower_work,
    "mechanism": weigh_mechanism,
    "limit": _limit,
    "healthy": _healthy,
}
