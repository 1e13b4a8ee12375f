"""Which payments are at risk: money taken without a final state, taken twice, tried again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import polars as pl

from forensics.analysis._transaction_lines import (
    may_name_one,
    states,
    transaction_id,
    with_attributes,
)
from forensics.findings import AnyEntry, Confidence, EvidenceRef, Finding, Measure
from forensics.redaction import redact
from forensics.tables import TIME

TITLE: Final = "Transactions at risk"
NEEDS: Final = ("logs",)

#: Examples kept of each kind.
_MOST_EXAMPLES: Final = 10
#: Transactions that must have ended for the usual time to the end to be known.
_FEWEST_ENDED: Final = 20
#: Quantile of the time from taking to the end that an open one must have outlived.
_PATIENCE: Final = 0.99

EXAMPLES: Final = pl.Schema(
    {
        "kind": pl.String(),
        "transaction": pl.String(),
        "time": TIME,
        "amount": pl.Float64(),
        "currency": pl.String(),
        "host": pl.String(),
        "text": pl.String(),
        "file": pl.String(),
        "line": pl.Int64(),
    }
)
AMOUNTS: Final = pl.Schema(
    {
        "kind": pl.String(),
        "currency": pl.String(),
        "transactions": pl.Int64(),
        "amount": pl.Float64(),
    }
)


@dataclass(frozen=True, slots=True)
class Result:
    """Transactions of all logs, and those that a rollback or restart may corrupt.

    Attributes
    ----------
    total
        Transactions with any state in the logs.
    taken_count
        Money was captured, charged or debited.
    open_count
        Of these, without a final state for longer than usual; ``None`` where the logs never
        state the end of a taken one, so that nothing can be said.
    pending_count
        Taken so shortly before the logs end that the end may just be missing.
    failed_after_count
        Of the open ones, those that an error was logged for after the money was taken.
    duplicate_count
        Taken more than once: two references, or the same line twice at two moments.
    retried_count
        Tried again after a time-out or failure.
    settle_s
        Time from taking to the end that 99 % stay below, seconds; ``None`` if too few ended.
    amounts
        Schema ``AMOUNTS``: sums by kind and currency over those whose amount is stated.
    examples
        Schema ``EXAMPLES``: earliest first, secrets redacted.
    """

    total: int = 0
    taken_count: int = 0
    open_count: int | None = None
    pending_count: int = 0
    failed_after_count: int = 0
    duplicate_count: int = 0
    retried_count: int = 0
    settle_s: float | None = None
    amounts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=AMOUNTS))
    examples: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EXAMPLES))


def run(*, logs: pl.LazyFrame) -> Result:
    """Follow each transaction id through all services.

    The clocks of different hosts are taken as they are; a skew below the time a payment
    takes does not matter, since only "ever" and "last" are asked.
    """
    table = _by_transaction(logs)
    if table.is_empty():
        return Result()
    taken = table.filter("is_taken")
    ended = taken.filter("is_done")
    settle_s = _settle_time(ended)
    kinds = _classify(table, settle_s or 0.0)
    count = {name: kinds.filter(name).height for name in _KINDS}
    has_ends = not ended.is_empty()
    return Result(
        total=table.height,
        taken_count=taken.height,
        open_count=count["open"] if has_ends else None,
        pending_count=count["pending"] if has_ends else 0,
        failed_after_count=kinds.filter(pl.col("open") & pl.col("failed_after")).height
        if has_ends
        else 0,
        duplicate_count=count["duplicate"],
        retried_count=count["retried"],
        settle_s=settle_s,
        amounts=_sum_amounts(kinds, _shown(has_ends)),
        examples=_examples(kinds, _shown(has_ends)),
    )


_KINDS: Final = ("open", "pending", "duplicate", "retried")


def _shown(has_ends: bool) -> list[str]:  # noqa: FBT001  # the only argument
    return ["open", "duplicate", "retried"] if has_ends else ["duplicate", "retried"]


def _by_transaction(logs: pl.LazyFrame) -> pl.DataFrame:
    """Return one row a transaction; lines that say nothing of one are never collected."""
    lines = (
        logs.with_columns(message=with_attributes())
        .filter(may_name_one())
        .select(
            "time",
            "service",
            "logger",
            "host",
            "message",
            id=transaction_id(),
            file=pl.col("raw_ref").struct.field("file"),
            line=pl.col("raw_ref").struct.field("line"),
        )
        .filter(pl.col("id").is_not_null())
        .with_columns(shape=pl.col("message").str.extract(r"^([^=\d]*)"), **states())
    )
    taken, moment = pl.col("is_taken"), pl.col("time")
    shapes = lines.group_by("id", "service", "logger", "shape").agg(
        repeats=moment.filter(taken).n_unique(),
        has_reference=pl.col("reference").filter(taken).is_not_null().all(),
        again_at=pl.when(moment.n_unique() > 1).then(moment.max()),
    )
    repeats = shapes.group_by("id").agg(
        pl.col("repeats").max(), pl.col("has_reference").all(), pl.col("again_at").max()
    )
    first_taken = {
        name: pl.col(name).filter(taken).sort_by(moment.filter(taken), nulls_last=True).first()
        for name in ("host", "message", "file", "line")
    }
    earliest = {
        f"first_{name}": pl.col(name).sort_by("time", nulls_last=True).first()
        for name in ("host", "message", "file", "line")
    }
    whole = lines.group_by("id").agg(
        *(pl.col(name).any() for name in ("is_taken", "is_done", "is_failed", "is_retried")),
        first_at=moment.min(),
        last_at=moment.max(),
        taken_at=moment.filter(taken).min(),
        taken_last_at=moment.filter(taken).max(),
        done_at=moment.filter("is_done").max(),
        failed_at=moment.filter("is_failed").max(),
        broken_at=moment.filter(pl.col("is_timed_out") | pl.col("is_failed")).min(),
        references=pl.col("reference").filter(taken).drop_nulls().n_unique(),
        amount=pl.col("amount").drop_nulls().first(),
        currency=pl.col("currency").drop_nulls().first(),
        **first_taken,
        **earliest,
    )
    return whole.join(repeats, on="id").collect(engine="streaming").sort("first_at", "id")


def _settle_time(ended: pl.DataFrame) -> float | None:
    """Return the seconds from taking to the end that most transactions stay below."""
    delays = (ended["done_at"] - ended["taken_at"]).dt.total_microseconds().drop_nulls() / 1e6
    if len(delays) < _FEWEST_ENDED:
        return None
    quantile = delays.quantile(_PATIENCE)
    return None if quantile is None else max(float(quantile), 0.0)


def _classify(table: pl.DataFrame, settle_s: float) -> pl.DataFrame:
    """Mark each transaction as open, pending, taken twice, tried again."""
    unfinished = pl.col("is_taken") & ~pl.col("is_done")
    logs_end = pl.col("last_at").max()
    is_recent = pl.col("taken_last_at") > logs_end - pl.lit(timedelta(seconds=settle_s))
    several = (
        pl.when("has_reference").then(pl.col("references") > 1).otherwise(pl.col("repeats") > 1)
    )
    after_break = pl.col("again_at") > pl.col("broken_at")
    return table.with_columns(
        open=unfinished & is_recent.fill_null(value=False).not_(),
        pending=unfinished & is_recent.fill_null(value=False),
        duplicate=pl.col("is_taken") & several,
        retried=pl.col("is_retried") | after_break.fill_null(value=False),
        failed_after=(pl.col("failed_at") >= pl.col("taken_at")).fill_null(value=False),
    )


def _sum_amounts(kinds: pl.DataFrame, shown: list[str]) -> pl.DataFrame:
    parts = [
        kinds.filter(name)
        .group_by(pl.col("currency").fill_null("unknown"))
        .agg(transactions=pl.col("amount").count().cast(pl.Int64), amount=pl.col("amount").sum())
        .filter(pl.col("transactions") > 0)
        .with_columns(kind=pl.lit(name))
        .select(AMOUNTS.names())
        for name in shown
    ]
    return pl.concat(parts, how="vertical").sort("kind", "currency")


def _examples(kinds: pl.DataFrame, shown: list[str]) -> pl.DataFrame:
    parts = [
        kinds.filter(name)
        .head(_MOST_EXAMPLES)
        .select(
            kind=pl.lit(name),
            transaction=pl.col("id").map_elements(redact, return_dtype=pl.String),
            time=pl.coalesce("taken_at", "first_at"),
            amount="amount",
            currency="currency",
            host=pl.coalesce("host", "first_host"),
            text=pl.coalesce("message", "first_message").map_elements(
                redact, return_dtype=pl.String
            ),
            file=pl.coalesce("file", "first_file"),
            line=pl.coalesce("line", "first_line"),
        )
        for name in shown
    ]
    return pl.concat(parts).match_to_schema(EXAMPLES)


_TEXTS: Final = {
    "open": (
        "{count:,} of {taken:,} transactions took money and never reached a final state in the "
        "logs: reconcile them before a rollback or restart loses what is in memory"
    ),
    "duplicate": "{count:,} transactions took money more than once",
    "retried": "{count:,} transactions were tried again after a time-out or failure",
}


def findings(result: Result) -> list[AnyEntry]:
    """Return one statement a kind of risk; one that nothing is open where that is known."""
    counts = {
        "open": result.open_count,
        "duplicate": result.duplicate_count,
        "retried": result.retried_count,
    }
    entries: list[AnyEntry] = [
        _state(result, kind, count) for kind, count in counts.items() if count
    ]
    if result.total and not entries:
        entries.append(_no_risk(result))
    return entries


def _state(result: Result, kind: str, count: int) -> Finding:
    sums = result.amounts.filter(pl.col("kind") == kind)
    measures = [Measure(name=f"transactions, {kind}", value=count, unit="transactions")]
    measures += [
        Measure(name=f"amount, {kind}", value=row["amount"], unit=row["currency"],
                why=f"stated for {row['transactions']} of {count}")
        for row in sums.iter_rows(named=True)
    ]  # fmt: skip
    text = _TEXTS[kind].format(count=count, taken=result.taken_count)
    if sums.height == 1 and sums["currency"][0] != "unknown":
        text += f" ({sums['amount'][0]:,.2f} {sums['currency'][0]} where stated)"
    examples = result.examples.filter(pl.col("kind") == kind).head(3)
    confidence: Confidence = "high" if result.settle_s is not None and kind == "open" else "medium"
    return Finding(
        topic="transactions",
        text=f"{text}.",
        confidence=confidence,
        measures=measures,
        evidence=[EvidenceRef(path=f, line=n) for f, n in examples.select("file", "line").rows()],
    )


def _no_risk(result: Result) -> Finding:
    known = result.open_count is not None
    text = (
        f"All {result.taken_count:,} transactions that took money reached a final state in the logs"
        if known
        else f"The logs name {result.total:,} transactions but do not tell which of them ended, so "
        "none can be called safe"
    )
    return Finding(
        topic="transactions",
        text=f"{text}.",
        confidence="medium" if known else "low",
        measures=[Measure(name="transactions", value=result.total, unit="transactions")],
        evidence=[EvidenceRef(path="logs", query="transaction ids with a state")],
    )
