"""Which exceptions were thrown: grouped by cause chain and first frame of the application."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

import polars as pl

from forensics.analysis._traces import (
    BARE_GO_FRAME,
    SIGNATURE_LINE,
    Trace,
    describe_chain,
    find_application,
    first_application_frame,
    parse_trace,
    versions_by_host,
)
from forensics.findings import AnyEntry, Confidence, EvidenceRef, Finding, Measure
from forensics.tables import TIME

if TYPE_CHECKING:
    from forensics.analysis import roles as roles_module

TITLE: Final = "Exceptions"
NEEDS: Final = ("logs", "events", "roles?")

#: What stands for a version or host that the evidence doesn't tell.
UNKNOWN: Final = "unknown"
#: Groups a finding is written for.
_MOST_FINDINGS: Final = 6
#: Share of a group on one version from which the text says so.
_MOSTLY: Final = 0.9

GROUPS: Final = pl.Schema(
    {
        "group_id": pl.String(),
        "exception": pl.String(),
        "root_cause": pl.String(),
        "chain": pl.List(pl.String()),
        "frame": pl.String(),
        "count": pl.Int64(),
        "hosts": pl.Int64(),
        "first_at": TIME,
        "last_at": TIME,
        "example": pl.String(),
        "file": pl.String(),
        "line": pl.Int64(),
    }
)
COUNTS: Final = pl.Schema(
    {
        "group_id": pl.String(),
        "version": pl.String(),
        "host": pl.String(),
        "count": pl.Int64(),
        "first_at": TIME,
        "last_at": TIME,
    }
)


@dataclass(frozen=True, slots=True)
class Result:
    """Exceptions of all logs.

    Attributes
    ----------
    groups
        Schema ``GROUPS``, the most frequent first; ``frame`` is the first frame of the
        application, ``example`` the first line of the first trace seen, ``file`` and
        ``line`` where it stands.
    counts
        Schema ``COUNTS``: one row a group, version and host; ``unknown`` where not told.
    application
        Namespace taken for the application's own; ``None`` where no trace has frames.
    """

    groups: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=GROUPS))
    counts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COUNTS))
    application: str | None = None


def run(
    *, logs: pl.LazyFrame, events: pl.DataFrame, roles: roles_module.Result | None = None
) -> Result:
    """Group the traces of ``logs``; count them by the version and host they come from.

    Messages and line numbers are left out of the comparison: they differ between requests
    and releases where the fault is the same. Only distinct signatures are parsed, so the
    cost follows the code paths, not the lines.
    """
    seen = _signatures(logs)
    parsed = {text: parse_trace(text) for text in seen["signature"].unique()}
    traces = {text: trace for text, trace in parsed.items() if trace is not None}
    seen = seen.filter(pl.col("signature").is_in(list(traces)))
    if seen.is_empty():
        return Result()
    totals = dict(seen.group_by("signature").agg(pl.col("count").sum()).iter_rows())
    application = find_application((traces[text], count) for text, count in totals.items())
    grouped = seen.join(_describe(traces, application), on="signature")
    return Result(_groups(grouped), _counts(grouped, _versions(events, roles)), application)


def _signatures(logs: pl.LazyFrame) -> pl.DataFrame:
    """Return counts, ends and the first example of each distinct signature and host."""
    text = pl.col("exception")
    return (
        logs.filter(text.is_not_null())
        .select(
            "time",
            pl.col("host").fill_null(UNKNOWN),
            signature=text.str.replace_all(BARE_GO_FRAME, "$1(0x)$2")
            .str.extract_all(SIGNATURE_LINE)
            .list.join("\n")
            .str.replace_all(r":\d+(?::\d+)?\)", ")")
            .str.replace_all(r", line \d+,", ", line 0,")
            .str.replace_all(r"\(0x[^)\n]*\)", "(0x)"),
            example=text.str.extract(r"^(?:Traceback[^\n]*\n(?:[ \t][^\n]*\n)*)?([^\n]*)"),
            file=pl.col("raw_ref").struct.field("file"),
            line=pl.col("raw_ref").struct.field("line"),
        )
        .group_by("signature", "host")
        .agg(
            *(
                pl.col(name).sort_by("time", "file", "line", nulls_last=True).first()
                for name in ("example", "file", "line")
            ),
            count=pl.len().cast(pl.Int64),
            first_at=pl.col("time").min(),
            last_at=pl.col("time").max(),
        )
        .collect(engine="streaming")
    )


def _describe(traces: dict[str, Trace], application: str | None) -> pl.DataFrame:
    """Return what each signature is: its chain and its first frame of the application."""
    rows = [
        {
            "signature": text,
            "exception": trace.chain[0],
            "root_cause": trace.chain[-1],
            "chain": list(trace.chain),
            "frame": first_application_frame(trace, application),
        }
        for text, trace in traces.items()
    ]
    return pl.DataFrame(
        rows,
        schema={
            "signature": pl.String,
            **{name: GROUPS[name] for name in ("exception", "root_cause", "chain", "frame")},
        },
    ).with_columns(
        group_id=pl.concat_str(
            pl.col("chain").list.join("<"), pl.col("frame").fill_null(""), separator="@"
        )
    )


def _groups(grouped: pl.DataFrame) -> pl.DataFrame:
    merged = grouped.group_by("group_id").agg(
        *(pl.col(name).first() for name in ("exception", "root_cause", "chain", "frame")),
        pl.col("count").sum(),
        *(
            pl.col(name).sort_by("first_at", "file", "line", nulls_last=True).first()
            for name in ("example", "file", "line")
        ),
        hosts=pl.col("host").filter(pl.col("host") != UNKNOWN).n_unique().cast(pl.Int64),
        first_at=pl.col("first_at").min(),
        last_at=pl.col("last_at").max(),
    )
    return merged.select(GROUPS.names()).sort("count", "group_id", descending=[True, False])


def _counts(grouped: pl.DataFrame, versions: dict[str, str]) -> pl.DataFrame:
    version = pl.col("host").replace_strict(versions, default=UNKNOWN, return_dtype=pl.String)
    return (
        grouped.group_by("group_id", version.alias("version"), "host")
        .agg(pl.col("count").sum(), pl.col("first_at").min(), pl.col("last_at").max())
        .sort("group_id", "count", "version", "host", descending=[False, True, False, False])
    )


def _versions(events: pl.DataFrame, roles: roles_module.Result | None) -> dict[str, str]:
    """Return the version of each host, from metrics and from events of its pod."""
    sources = [events] if roles is None else [events, roles.points]
    return versions_by_host(
        *(
            {
                entity: set(found)
                for entity, found in source.drop_nulls(["entity", "version"])
                .group_by("entity")
                .agg(pl.col("version").unique())
                .iter_rows()
            }
            for source in sources
        )
    )


def findings(result: Result) -> list[AnyEntry]:
    """Return one statement for each of the most frequent groups."""
    return [
        _state(row, result.counts.filter(pl.col("group_id") == row["group_id"]))
        for row in result.groups.head(_MOST_FINDINGS).iter_rows(named=True)
    ]


def _state(row: dict[str, object], counts: pl.DataFrame) -> Finding:
    total = int(counts["count"].sum())
    where = f" at {row['frame']}" if row["frame"] else ""
    text = f"{describe_chain(row['chain'])}{where}: {total:,} times"  # type: ignore[arg-type]  # a list column
    first, last = row["first_at"], row["last_at"]
    if isinstance(first, datetime) and isinstance(last, datetime):
        text += f", first at {first:%Y-%m-%d %H:%M:%S} UTC, last at {last:%H:%M:%S}"
    by_version = (
        counts.group_by("version")
        .agg(pl.col("count").sum())
        .sort("count", "version", descending=[True, False])
    )
    top, share = by_version["version"][0], by_version["count"][0] / total
    confidence: Confidence = "high"
    if top != UNKNOWN and share >= _MOSTLY:
        text += f"; {share:.0%} on version {top}"
    elif UNKNOWN in by_version["version"]:
        confidence = "medium"
    measures = [
        Measure(name=f"on version {version}", value=count, unit="exceptions")
        for version, count in by_version.head(4).iter_rows()
    ]
    return Finding(
        topic="exceptions",
        text=f"{text}.",
        confidence=confidence,
        measures=[Measure(name="logged", value=total, unit="exceptions"), *measures],
        evidence=[EvidenceRef(path=str(row["file"]), line=row["line"])],  # type: ignore[arg-type]  # an integer column
    )
