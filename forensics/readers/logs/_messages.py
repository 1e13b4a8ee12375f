"""What single messages tell in any log: HikariCP's pool, kernel kills, out-of-memory errors.

Such lines turn up inside application logs, syslog, journald and container logs alike, so they
are read from the finished rows, whatever the format was.

References
----------
HikariCP, ``HikariPool.java`` (``logPoolState``, ``createTimeoutException``) and
``ProxyLeakTask.java``; Linux, ``mm/oom_kill.c`` (``dump_oom_victim``, ``__oom_kill_process``).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensics.kernels.log_search import compile_needles, holds_any
from forensics.tables import LABELS, fit_table

_FIGURES: Final = {
    "total": "hikaricp_connections",
    "active": "hikaricp_connections_active",
    "idle": "hikaricp_connections_idle",
    "waiting": "hikaricp_connections_pending",
}
_EVENTS: Final = (
    (r"Connection is not available, request timed out", "other", "ConnectionTimeout"),
    (r"Connection leak detection triggered", "other", "ConnectionLeak"),
    (r"Thread starvation or clock leap detected", "other", "ThreadStarvation"),
    (r"Killed process \d+", "oom_kill", "KernelOOMKill"),
    (r"java\.lang\.OutOfMemoryError", "other", "OutOfMemoryError"),
)
_TELLING: Final = "|".join(pattern for pattern, _, _ in _EVENTS)
#: Seven bytes that are rare elsewhere out of each text above: available, request; leak detection;
#: starvation or clock; Killed process; OutOfMemoryError; (total=
_NEEDLES: Final = compile_needles(
    (b"le, req", b"k detec", b"or cloc", b"Killed ", b"OutOfMe", b"(total=")
)
_STATS: Final = r"\(total=\d+.{0,20}(?:active|idle)=\d+"


def may_tell(text: NDArray[np.uint8]) -> bool:
    """Tell whether a text may hold what ``scan_messages`` finds, at some gigabytes a second."""
    return bool(holds_any(text, *_NEEDLES))


def scan_messages(rows: pl.DataFrame, source: str) -> dict[str, pl.DataFrame]:
    """Return the ``events`` and ``pool`` rows that messages of the ``logs`` rows state.

    ``pool`` has the ``metrics`` schema; it is a table of its own so that figures which a
    metrics export gives as well are not counted twice.
    """
    found: dict[str, pl.DataFrame] = {}
    says = pl.col("message").str.contains(_TELLING)
    says |= pl.col("exception").str.contains(_TELLING).fill_null(value=False)
    text = pl.concat_str(["message", "exception"], separator="\n", ignore_nulls=True)
    telling = rows.filter(says).with_columns(text.alias("text"))
    if telling.height:
        found["events"] = _events(telling, source)
    stats = rows.filter(pl.col("message").str.contains(_STATS))
    if stats.height:
        found["pool"] = _pool_figures(stats, source)
    return found


def _who(source: str) -> pl.Expr:
    return pl.coalesce("host", "service", pl.lit(source))


def _events(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    kind = pl.lit("other")
    reason = pl.lit("OutOfMemoryError")
    for pattern, its_kind, its_reason in reversed(_EVENTS):
        says = pl.col("text").str.contains(pattern)
        kind = pl.when(says).then(pl.lit(its_kind)).otherwise(kind)
        reason = pl.when(says).then(pl.lit(its_reason)).otherwise(reason)
    victim = pl.col("text").str.extract(r"Killed process (\d+)")
    task = pl.col("text").str.extract(r"Killed process \d+(?:,)? \(([^)]+)\)")
    killed = pl.format("{}[{}]", task.fill_null("process"), victim)
    frame = rows.with_columns(
        kind=kind,
        reason=reason,
        entity=pl.coalesce(killed, _who(source)),
        message=pl.col("text").str.head(1000),
        count=pl.lit(1),
        source=pl.lit(source),
    )
    return fit_table("events", frame)


def _pool_figures(rows: pl.DataFrame, source: str) -> pl.DataFrame:
    pool = pl.col("message").str.extract(r"^\s*(\S+) - ").fill_null("pool")
    pair = pl.struct(pl.lit("pool").alias("name"), pool.alias("value"))
    parts = [
        rows.select(
            "time",
            pl.lit(metric).alias("metric"),
            _who(source).alias("entity"),
            pl.concat_list(pair).cast(LABELS).alias("labels"),
            pl.col("message").str.extract(rf"\b{name}=(\d+)").cast(pl.Float64).alias("value"),
            pl.lit("connections").alias("unit"),
            pl.lit(source).alias("source"),
        )
        for name, metric in _FIGURES.items()
    ]
    return fit_table("metrics", pl.concat(parts).drop_nulls("value"))
