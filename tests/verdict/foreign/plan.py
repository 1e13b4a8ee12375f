"""What happens in a foreign incident: pods, versions, changes, and what they break."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

MIB: Final = float(2**20)

#: What happens -> (leak, kinds that are right, kind of the cause)
KINDS: Final[dict[str, tuple[str, tuple[str, ...], str]]] = {
    "deploy leak": ("yes", ("heap",), "deploy"),
    "flag leak": ("yes", ("heap",), "flag"),
    "config leak": ("yes", ("heap",), "config"),
    "node image leak": ("yes", ("offheap",), "infra"),
    "old leak": ("yes", ("heap",), "none"),
    "old leak, new deploy": ("yes", ("heap",), "none"),
    "leak, nothing listed": ("yes", ("heap",), "none"),
    "declared rush": ("no", ("none", "backlog"), "traffic"),
    "undeclared rush": ("no", ("none", "backlog"), "traffic"),
    "slow query": ("no", ("none", "backlog"), "database"),
    "off-heap deploy": ("yes", ("offheap",), "deploy"),
    "cache warm-up": ("no", ("cache-warmup", "none"), "none"),
    "canary": ("yes", ("heap",), "deploy"),
    "half rolled out": ("yes", ("heap",), "deploy"),
    "deploy, then its flag": ("yes", ("heap",), "flag"),
    "deploy beside a flag": ("yes", ("heap",), "deploy"),
    "other service slow": ("no", ("none", "backlog"), "deploy"),
    "rolled back": ("yes", ("heap",), "deploy"),
    "limit lowered": ("no", ("none", "cache-warmup"), "config"),
    "batch job": ("no", ("none", "backlog", "cache-warmup"), "none"),
    "nothing wrong": ("no", ("none", "cache-warmup"), "none"),
}


@dataclass(slots=True)
class Process:
    """One pod: when it lives, what it runs. Seconds after the window began."""

    name: str
    version: str
    born_s: float
    gone_s: float


@dataclass(slots=True)
class Change:
    """One change as somebody would record it."""

    change_id: str
    kind: str
    title: str
    at_s: float
    until_s: float
    scope: str
    old: str = ""
    new: str = ""
    is_recorded: bool = True


@dataclass(slots=True)
class Plan:
    """Everything that is decided before a sample is drawn."""

    kind: str
    rng: np.random.Generator
    span_s: float
    step_s: float
    service: str
    rate: float
    hold_s: float
    processes: list[Process] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    leaky: set[str] = field(default_factory=set)
    leaks_from_s: float = 0.0
    leaks_off_heap: bool = False
    leak_bytes_s: float = 0.0
    by_clock: bool = False
    rush: tuple[float, float, float] = (0.0, 0.0, 1.0)
    slow: tuple[float, float, float] = (0.0, 0.0, 1.0)
    cache_bytes: dict[str, float] = field(default_factory=dict)
    batch: tuple[float, float] = (0.0, 0.0)
    limit_from_s: tuple[float, float] = (np.inf, 1.0)
    cause: str | None = None
    has_listing: bool = True


def draw_plan(seed: int) -> Plan:
    """Draw one incident; its kind follows from the seed."""
    rng = np.random.default_rng([seed, 77])
    names = list(KINDS)
    span = float(rng.choice([3600, 5400, 7200, 10800]))
    plan = Plan(
        kind=names[seed % len(names)],
        rng=rng,
        span_s=span,
        step_s=float(rng.choice([15, 30])),
        service=str(rng.choice(["quote-engine", "claims", "seatmap", "loyalty-svc", "imgproxy"])),
        rate=float(rng.uniform(30, 300)),
        hold_s=float(rng.uniform(0.01, 0.06)),
    )
    plan.by_clock = bool(rng.random() < 0.3)
    suffix = _word(rng, 9)
    plan.processes = [
        Process(
            f"{plan.service}-{suffix}-{_word(rng, 5)}", "5.8.1", -float(rng.uniform(2e4, 9e5)), span
        )
        for _ in range(int(rng.integers(2, 7)))
    ]
    at = float(rng.uniform(0.3, 0.5)) * span
    plan.leak_bytes_s = float(rng.uniform(250, 900)) * MIB / (span - at)
    _HAPPEN[plan.kind](plan, at)
    _add_bystanders(plan, at)
    return plan


def _word(rng: np.random.Generator, size: int) -> str:
    return "".join(rng.choice(list("bcdfghjklmnpqrstvwxz2456789"), size))


def _record(plan: Plan, kind: str, title: str, at: float, **more: object) -> str:
    number = int(plan.rng.integers(1000, 9999))
    values: dict[str, object] = {"until_s": at + 60.0, "scope": plan.service, **more}
    change = Change(f"RFC{number}", kind, title, at, **values)  # type: ignore[arg-type]  # by name
    plan.changes.append(change)
    return change.change_id


def _release(plan: Plan, at: float, new: str, *, share: float = 1.0, apart_s: float = 25.0) -> str:
    """Replace a share of the running pods one by one."""
    running = [p for p in plan.processes if p.gone_s >= plan.span_s]
    suffix, old = _word(plan.rng, 9), running[0].version
    some = running[: max(1, round(share * len(running)))]
    for place, process in enumerate(some):
        process.gone_s = at + 10 + apart_s * place
        name = f"{plan.service}-{suffix}-{_word(plan.rng, 5)}"
        plan.processes.append(Process(name, new, process.gone_s - 5, plan.span_s))
    title = f"Release {plan.service} {new}"
    until = at + apart_s * len(some)
    return _record(plan, "deploy", title, at, until_s=until, old=old, new=new)


def _deploy_leak(plan: Plan, at: float) -> None:
    shares = {"canary": 0.34, "half rolled out": 0.5}
    share = shares.get(plan.kind, 1.0)
    plan.cause = _release(plan, at, "5.9.0", share=share)
    plan.leaky = {"5.9.0"}
    plan.leaks_off_heap = plan.kind == "off-heap deploy"
    if plan.kind == "rolled back":
        _release(plan, at + 0.55 * (plan.span_s - at), "5.8.1")
    if plan.kind == "deploy beside a flag":
        title = f"Turn on flag quick-search in {plan.service}"
        _record(plan, "flag", title, at + float(plan.rng.uniform(240, 500)))


def _setting_leak(plan: Plan, at: float) -> None:
    if plan.kind == "deploy, then its flag":
        _release(plan, at - float(plan.rng.uniform(300, 600)), "5.9.0")
    kind = "config" if plan.kind == "config leak" else "flag"
    title = {
        "config": f"{plan.service}: raise cache.max-entries to unlimited",
        "flag": f"Turn on flag saved-carts in {plan.service}",
    }[kind]
    plan.cause = _record(plan, kind, title, at)
    plan.leaky, plan.leaks_from_s = {"5.8.1", "5.9.0"}, at


def _node_image(plan: Plan, at: float) -> None:
    """Restart every pod on new nodes, whose allocator keeps what is freed."""
    running = list(plan.processes)
    for place, process in enumerate(running):
        process.gone_s = at + 30 + 40 * place
        name = process.name[:-5] + _word(plan.rng, 5)
        plan.processes.append(Process(name, "5.8.1", process.gone_s, plan.span_s))
        plan.leaky.add(name)
    plan.leaks_off_heap = True
    until = at + 40 * len(running)
    plan.cause = _record(
        plan, "infra", "Move the node pool to a new machine image", at, until_s=until
    )


def _old_leak(plan: Plan, at: float) -> None:
    plan.leaky = {"5.8.1", "5.9.0"}
    plan.leak_bytes_s = float(plan.rng.uniform(250, 700)) * MIB / plan.span_s
    plan.has_listing = plan.kind != "leak, nothing listed"
    if plan.kind == "old leak, new deploy":
        _release(plan, at, "5.9.0")


def _rush(plan: Plan, at: float) -> None:
    until = at + float(plan.rng.uniform(0.4, 0.8)) * (plan.span_s - at)
    plan.rush = (at, until, float(plan.rng.uniform(3.0, 5.0)))
    is_declared = plan.kind == "declared rush"
    plan.cause = _record(
        plan, "traffic", "Mailing to all customers", at, until_s=until, is_recorded=is_declared
    )


def _slow(plan: Plan, at: float) -> None:
    until = at + float(plan.rng.uniform(0.4, 0.9)) * (plan.span_s - at)
    plan.slow = (at + 10, until, float(plan.rng.uniform(5, 12)))
    if plan.kind == "slow query":
        title = "Rebuild statistics of the bookings table"
        plan.cause = _record(plan, "database", title, at, until_s=until, scope="bookings-db")
    else:
        title = "Release geocoder 2.4.0"
        plan.cause = _record(plan, "deploy", title, at, scope="geocoder", old="2.3.9", new="2.4.0")


def _warm_up(plan: Plan, at: float) -> None:
    _release(plan, at, "5.9.0")
    plan.cache_bytes = {"5.9.0": float(plan.rng.uniform(100, 350)) * MIB}


def _limit(plan: Plan, at: float) -> None:
    title = f"Lower the memory limit of {plan.service}"
    plan.cause = _record(plan, "config", title, at)
    plan.limit_from_s = (at + 20, 0.62)


def _batch(plan: Plan, at: float) -> None:
    plan.batch = (at, at + float(plan.rng.uniform(0.15, 0.3)) * plan.span_s)
    _record(plan, "other", "Nightly export job", at, until_s=plan.batch[1], scope="export-job")


def _calm(plan: Plan, at: float) -> None:
    _release(plan, at, "5.9.0")


_HAPPEN = {
    **dict.fromkeys(
        ("deploy leak", "off-heap deploy", "canary", "half rolled out", "rolled back"), _deploy_leak
    ),
    "deploy beside a flag": _deploy_leak,
    **dict.fromkeys(("flag leak", "config leak", "deploy, then its flag"), _setting_leak),
    "node image leak": _node_image,
    **dict.fromkeys(("old leak", "old leak, new deploy", "leak, nothing listed"), _old_leak),
    **dict.fromkeys(("declared rush", "undeclared rush"), _rush),
    **dict.fromkeys(("slow query", "other service slow"), _slow),
    "cache warm-up": _warm_up,
    "limit lowered": _limit,
    "batch job": _batch,
    "nothing wrong": _calm,
}


def _add_bystanders(plan: Plan, at: float) -> None:
    """Add up to three innocent changes, none within two minutes of another."""
    rng = plan.rng
    for _ in range(int(rng.integers(0, 4))):
        when = float(rng.uniform(0.05, 0.9)) * plan.span_s
        if any(abs(when - change.at_s) < 120 for change in plan.changes):
            continue
        kind, title, scope = [
            ("infra", "Renew the certificate of the edge proxy", "edge"),
            ("database", "Vacuum the archive tables", "archive-db"),
            ("flag", "Turn off flag old-banner in webshop", "webshop"),
            ("deploy", "Release webshop 14.2.0", "webshop"),
            ("config", f"{plan.service}: log level to info", plan.service),
            ("traffic", "Small campaign in one country", plan.service),
        ][int(rng.integers(6))]
        _record(plan, kind, title, when, scope=scope, until_s=when + float(rng.uniform(60, 900)))
    del at
