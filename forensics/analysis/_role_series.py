"""Describe every series: its role, why, its scale, and with which others it makes a signal."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from forensics.analysis._role_rules import (
    RATE_ROLES,
    ROLE_UNITS,
    ROLES,
    Rule,
    is_server_error,
    match_rules,
    pick_rule,
    pick_weak_rule,
)
from forensics.analysis._role_versions import label_words
from forensics.errors import UsageError
from forensics.tables import LABELS, label_pairs

#: One row a series of the metrics table, then one a derived signal.
SERIES: Final = pl.Schema(
    {
        "series_id": pl.UInt32(),
        "metric": pl.String(),
        "entity": pl.String(),
        "labels": LABELS,
        "role": pl.String(),
        "unit": pl.String(),
        "scale": pl.Float64(),
        "why": pl.String(),
        "use": pl.String(),
        "part_of": pl.UInt32(),
    }
)

#: Labels that change when a process is replaced or scraped twice: no parts, but successors.
IDENTITY_LABELS: Final = frozenset(
    {
        "container_id",
        "endpoint",
        "exported_instance",
        "exported_job",
        "id",
        "image",
        "instance",
        "job",
        "metrics_path",
        "name",
        "node",
        "prometheus",
        "prometheus_replica",
        "replica",
        "service",
        "uid",
        "host",
        "hostname",
        "scrape_job",
        "pod_ip",
        "process_pid",
        "service_instance_id",
        "agent",
        "cluster",
        "region",
        "zone",
        "namespace",
        "version",
        "app_version",
        "exported_namespace",
    }
)
#: Labels that part a process into pools, methods and states, and so don't name an entity.
_PART_LABELS: Final = frozenset(
    {
        "action",
        "area",
        "cause",
        "code",
        "collector",
        "exception",
        "gc",
        "generation",
        "handler",
        "id",
        "jvm_memory_pool_name",
        "jvm_memory_type",
        "le",
        "level",
        "method",
        "name",
        "operation",
        "outcome",
        "path",
        "pool",
        "quantile",
        "resource",
        "route",
        "space",
        "state",
        "status",
        "status_code",
        "type",
        "uri",
        "metric_type",
        "statistic",
        "stat",
        "device",
        "mode",
        "cpu",
        "datname",
    }
)
_COUNTER: Final = re.compile(r"_(total|count|sum)_$")
_IS_RATE: Final = re.compile(r"\b(i?rate|i?delta|increase|deriv)\s*\(|_(per_(second|sec|s)|rate)_")
_COUNT_SCALE: Final = (("nanocores", 1e-9), ("millicores", 1e-3), ("nanos", 1e-9))
#: The least peak at which a nameless series is taken for bytes of a process: 1 MiB.
_LEAST_BYTES: Final = float(1 << 20)


@dataclass(frozen=True, slots=True)
class _Described:
    series_id: int
    metric: str
    entity: str
    labels: Mapping[str, str]
    role: str | None
    unit: str | None
    scale: float
    why: str
    peak: float
    rank: int = 0
    combine: str = "sum"
    use: str = "none"
    is_error: bool = False
    form: str | None = None


def describe_series(
    frame: pl.DataFrame, overrides: Mapping[str, str], service: str
) -> pl.DataFrame:
    """Return one row a series: ``SERIES`` without ``part_of``, and how to combine.

    Parameters
    ----------
    frame
        ``series_id, metric, entity, labels, unit, peak``; one row a series.
    overrides
        Metric name to role.
    service
        Entity of series whose labels tell none.

    Raises
    ------
    UsageError
        If an override names no role.
    """
    for metric, role in overrides.items():
        if role not in ROLES:
            raise UsageError(
                f"incident.yaml: roles: {metric}: {role!r} is no role; roles are: "
                f"{', '.join(sorted(ROLES))}"
            )
    namer = _Namer(overrides, service or "process")
    rows = [namer.describe(row) for row in frame.iter_rows(named=True)]
    rows = _drop_totals(_guess_lone(rows))
    return _to_frame(_choose(rows))


class _Namer:
    """Match names once and labels per series."""

    def __init__(self, overrides: Mapping[str, str], fallback: str) -> None:
        self.overrides = overrides
        self.fallback = fallback
        self._names: dict[str, tuple[str, list[int]]] = {}

    def describe(self, row: Mapping[str, Any]) -> _Described:
        labels = {pair["name"]: pair["value"] for pair in row["labels"] or ()}
        words = {label_words(name): value for name, value in labels.items()}
        metric = row["metric"] or ""
        if metric not in self._names:
            framed = f"_{label_words(metric)}_"
            self._names[metric] = (framed, match_rules(framed))
        framed, candidates = self._names[metric]
        rule, why = self._rule(metric, framed, candidates, words)
        blank = _Described(
            series_id=row["series_id"],
            metric=metric,
            entity=row["entity"] or _entity_by_labels(words) or self.fallback,
            labels=labels,
            role=None,
            unit=row["unit"],
            scale=1.0,
            why=why,
            peak=row["peak"] if row["peak"] is not None else 0.0,
        )
        return blank if rule is None else _apply(blank, rule, framed, words)

    def _rule(
        self, metric: str, framed: str, candidates: list[int], words: Mapping[str, str]
    ) -> tuple[Rule | None, str]:
        if metric in self.overrides:
            return Rule(self.overrides[metric], "", rank=-1), "incident.yaml says so"
        rule = pick_rule(candidates, words)
        if rule is not None and rule.role == "ignored":
            return None, "known to play no role"
        if rule is not None:
            shown = [f"{k}={words[k]}" for key in rule.labels for k in key.split("|") if k in words]
            return rule, "by name" + (f" and {', '.join(shown)}" if shown else "")
        rule = pick_weak_rule(framed)
        if rule is None or _COUNTER.search(framed):
            return None, "no rule knows the name"
        return rule, "weak: only a word of the name hints at it"


def _apply(blank: _Described, rule: Rule, framed: str, words: Mapping[str, str]) -> _Described:
    unit, role = blank.unit, rule.role
    wanted = ROLE_UNITS.get(role)
    if wanted == "bytes" and unit in {"percent", "ratio", "seconds"}:
        return replace(blank, why=f"{blank.why}, but {unit} of an unknown total are no bytes")
    if role == "ignored":
        return blank
    scale, why = 1.0, blank.why
    if wanted == "cores":
        scale = 0.01 if unit == "percent" or "_percent_" in framed else 1.0
        scale *= next((factor for word, factor in _COUNT_SCALE if word in framed), 1.0)
    if wanted == "bytes" and unit is None and "weak" not in why:
        why += "; no unit stated, bytes assumed"
    if role == "latency" and framed.endswith("_sum_"):
        why += "; mean, the growth of the sum by that of the count"
    return replace(
        blank,
        role=role,
        unit=wanted or "count",
        scale=scale,
        why=why,
        rank=rule.rank + (1 if role == "latency" and "quantile" not in words else 0),
        combine="max" if role == "latency" else rule.combine,
        is_error=role == "requests" and is_server_error(words),
        form=_form(blank.metric, framed) if role in RATE_ROLES or role == "latency" else None,
    )


def _form(metric: str, framed: str) -> str | None:
    """Return in which form a name says that work is counted: see ``work_rate``."""
    if _IS_RATE.search(metric) or _IS_RATE.search(framed):
        return "rate"
    if not _COUNTER.search(framed):
        return None
    # CloudWatch writes camel case, its exporters begin with aws_; both count per period.
    is_per_period = framed.startswith("_aws_") or "_" not in metric
    return "interval" if is_per_period else "cumulative"


def _guess_lone(rows: list[_Described]) -> list[_Described]:
    """Give a memory role to a single nameless series whose values look like bytes."""
    if any(ROLE_UNITS.get(row.role or "") == "bytes" for row in rows):
        return rows
    unknown = [
        row
        for row in rows
        if row.role is None and row.unit in {"bytes", None} and row.peak >= _LEAST_BYTES
    ]
    if not unknown or len({row.metric for row in unknown}) > 1:
        return rows
    why = "weak: the only series, and its values look like bytes"
    ids = {row.series_id for row in unknown if not _COUNTER.search(f"_{label_words(row.metric)}_")}
    return [
        replace(row, role="working_set", unit="bytes", why=why, rank=9)
        if row.series_id in ids
        else row
        for row in rows
    ]


def _drop_totals(rows: list[_Described]) -> list[_Described]:
    """Drop cAdvisor's sums and pause containers where the containers themselves are there."""
    named: set[tuple[str, str]] = set()
    for row in rows:
        if row.labels.get("container", row.labels.get("container_name")) not in {None, "", "POD"}:
            named.add((row.entity, row.metric))
    kept = []
    for row in rows:
        container = row.labels.get("container", row.labels.get("container_name", ""))
        is_total = container in {"", "POD"} and (row.entity, row.metric) in named
        is_slice = row.metric.startswith("container_") and (
            row.labels.get("id", "").startswith("/")
            and not any(row.labels.get(n) for n in ("pod", "pod_name", "name", "container"))
        )
        if row.role and (is_total or is_slice or container == "POD"):
            reason = "a cgroup above the container's"
            kept.append(replace(row, role=None, why=f"{row.why}, but {reason}"))
        else:
            kept.append(row)
    return kept


def _choose(rows: list[_Described]) -> list[_Described]:
    """Set ``use``: of several metrics of one role at one entity, the best ranked is used."""
    groups: dict[tuple[str, str], list[_Described]] = defaultdict(list)
    for row in rows:
        if row.role:
            groups[row.entity, row.role].append(row)
    use: dict[int, str] = {}
    for members in groups.values():
        best = min(members, key=lambda row: (row.rank, -row.peak, row.metric))
        chosen = [row for row in members if (row.rank, row.metric) == (best.rank, best.metric)]
        if best.role == "latency" and "quantile" in best.labels:
            chosen = _one_quantile(chosen)
        for row in members:
            use[row.series_id] = "spare"
        for row in chosen:
            use[row.series_id] = "used" if len(chosen) == 1 else "part"
    return [replace(row, use=use.get(row.series_id, "none")) for row in rows]


def _one_quantile(rows: list[_Described]) -> list[_Described]:
    """Keep the highest quantile up to 0.99."""
    known = {row.labels["quantile"] for row in rows if "quantile" in row.labels}
    usual = [q for q in known if _number(q) <= 0.99] or list(known)
    wanted = max(usual, key=_number)
    return [row for row in rows if row.labels.get("quantile") == wanted]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 2.0


def _to_frame(rows: list[_Described]) -> pl.DataFrame:
    signals: dict[tuple[str, str], int] = {}
    first_free = max((row.series_id for row in rows), default=-1) + 1
    parts: dict[tuple[object, ...], int] = {}
    shared = _common_labels(rows)
    table: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        key = (row.entity, row.role or "")
        signal = row.series_id
        if row.use == "part":
            signal = signals.setdefault(key, first_free + len(signals))
        meaning = _meaning(row)
        for name in ("series_id", "metric", "entity", "role", "unit", "scale", "why", "use"):
            table[name].append(getattr(row, name))
        table["labels"].append(label_pairs(dict(row.labels)))
        table["signal"].append(signal)
        table["part"].append(parts.setdefault((signal, meaning), len(parts)))
        table["common"].append(label_pairs(shared.get(key, {})))
        for name in ("combine", "form", "is_error"):
            table[name].append(getattr(row, name))
    schema = {name: dtype for name, dtype in SERIES.items() if name != "part_of"}
    return pl.DataFrame(
        table,
        schema={
            **schema,
            "signal": pl.UInt32(),
            "part": pl.UInt32(),
            "common": LABELS,
            "combine": pl.String(),
            "form": pl.String(),
            "is_error": pl.Boolean(),
        },
    )


def _meaning(row: _Described) -> tuple[tuple[str, str], ...]:
    """Return the labels that tell parts apart, without those that tell successors apart."""
    is_cadvisor = row.metric.startswith("container_")
    return tuple(
        (name, value)
        for name, value in sorted(row.labels.items())
        if label_words(name) not in IDENTITY_LABELS or (name in {"id", "name"} and not is_cadvisor)
    )


def _common_labels(rows: Iterable[_Described]) -> dict[tuple[str, str], dict[str, str]]:
    """Return the labels that all parts of a signal agree on."""
    common: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        if row.use != "part":
            continue
        key = (row.entity, row.role or "")
        known = common.setdefault(key, dict(row.labels))
        for name in [n for n, value in known.items() if row.labels.get(n) != value]:
            del known[name]
    return common


def _entity_by_labels(words: Mapping[str, str]) -> str | None:
    named = {k: v for k, v in words.items() if k not in _PART_LABELS and not k.startswith("le_")}
    return ", ".join(f"{k}={named[k]}" for k in sorted(named)) or None
