"""Claims of declarations of very different shape: what is read, and what is said of it."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from forensics.analysis import claims, roles
from forensics.config import Declaration, IncidentConfig
from forensics.tables import METRICS, empty_table, fit_table, label_pairs

PAGE = """ALERT 2025-11-03 07:42 UTC checkout-worker
Incident began 07:31 UTC, paged 07:42 UTC, 11 minutes to detect.
RSS at 3.2 GiB of a 4 GiB limit and climbing 40 MB per minute.
9 OOM kills in the last half hour. p99 latency 4.5s. error rate 12%.
Losing EUR 1.2k per minute, that is EUR 72k an hour.
"""
TABLE = """# Outage of the search tier
| item | value |
|---|---|
| Start | 2025-04-01T22:05:00Z |
| Detected | 2025-04-01T22:17:30Z |
| Time to detect | 9 min |
| Heap | 11.5 GiB of 12 GiB |
| CPU | 85 % |
| Version | 7.14.2 |
"""
CHAT = """:fire: ledger is leaking again. heap doubles every 20 min, 512MiB -> 2GiB since 03:10Z
traffic up 3x (200 rps -> 600 rps)
lost approx $50k in 30 mins ($100k/h)
pool maxed out 50/50, 1,500 waiting
"""
BULLETS = """Notes, 2026-01-15
- Orders rose by 50 % (1,000/s before, 2,000/s now)
- The service uses 900 MB of memory, limit is 1 GB, that's 90 %
- Revenue lost so far: £40,000 after 2 hours at £15k per hour
- Memory grows exponentially, +30MB/min
"""
START = datetime(2025, 11, 3, 7, 20, tzinfo=UTC)


def read(text):
    declared, _ = claims.read_declared(Declaration("declaration.md", text))
    return claims.judge_all(declared, None)


def find(found, quantity, claimed):
    return next(c for c in found if c.quantity == quantity and claimed in c.claimed)


@pytest.mark.parametrize(
    ("text", "quantity", "claimed"),
    [
        (PAGE, "start of the incident", "07:31"),
        (PAGE, "detection of the incident", "07:42 UTC"),
        (PAGE, "memory in use", "3.2 GiB of a 4 GiB"),
        (PAGE, "memory growth rate", "40 MB per minute"),
        (PAGE, "out-of-memory kills", "9"),
        (PAGE, "latency", "4.5s"),
        (PAGE, "error share", "12%"),
        (TABLE, "memory in use", "11.5 GiB of 12 GiB"),
        (TABLE, "CPU share", "85 %"),
        (TABLE, "version", "7.14.2"),
        (CHAT, "memory in use", "2GiB"),
        (CHAT, "pool use", "50/50"),
        (CHAT, "pending requests for the pool", "1,500"),
        (CHAT, "request rate", "600 rps"),
        (BULLETS, "memory in use", "900 MB"),
        (BULLETS, "memory limit", "1 GB"),
        (BULLETS, "request rate", "2,000/s"),
    ],
)
def test_each_quantity_is_bound_to_what_its_clause_speaks_of(text, quantity, claimed):
    assert find(read(text), quantity, claimed).line > 0


@pytest.mark.parametrize(
    ("text", "quantity", "claimed", "verdict"),
    [
        (PAGE, "detection delay", "11 minutes", "supported"),
        (PAGE, "money lost per hour", "72k", "supported"),
        (TABLE, "detection delay", "9 min", "contradicted"),
        (CHAT, "traffic increase", "3x", "supported"),
        (CHAT, "money lost", "$50k", "supported"),
        (BULLETS, "traffic increase", "50 %", "contradicted"),
        (BULLETS, "memory share", "90 %", "supported"),
        (BULLETS, "money lost", "£40,000", "contradicted"),
        (BULLETS, "growth shape", "exponential", "contradicted"),
    ],
)
def test_a_declaration_must_agree_with_itself(text, quantity, claimed, verdict):
    claim = find(read(text), quantity, claimed)
    assert claim.verdict == verdict
    assert any(character.isdigit() for character in claim.why)


def test_an_arrow_is_no_bound():
    assert find(read(CHAT), "request rate", "600 rps").claimed == "600 rps"


def test_a_date_alone_measures_nothing():
    assert not [claim for claim in read(BULLETS) if "2026" in claim.claimed]


def test_what_nothing_measures_is_untestable_not_false():
    assert {c.verdict for c in read("Sentiment fell by 87 %.\n12 gateways are affected.\n")} == {
        "untestable"
    }


def gauge(metric, values, **labels):
    times = [START + timedelta(minutes=k) for k in range(len(values))]
    frame = pl.DataFrame(
        {
            "time": pl.Series(times, dtype=METRICS["time"]),
            "metric": metric,
            "entity": "worker-0",
            "labels": pl.Series([label_pairs({"pod": "worker-0", **labels})] * len(values)),
            "value": pl.Series(values, dtype=pl.Float64),
        }
    )
    return fit_table("metrics", frame)


def judge(text, metrics):
    named = roles.run(metrics=metrics)
    return claims.run(
        declaration=Declaration("declaration.md", text),
        config=IncidentConfig(),
        metrics=metrics,
        roles=named,
        events=empty_table("events"),
        changes=empty_table("changes"),
        logs=empty_table("logs").lazy(),
        memory_growth=None,
        heap_summary=None,
    ).claims


@pytest.mark.parametrize(
    ("used_gib", "verdict"), [(3.2, "supported"), (3.4, "supported"), (1.1, "contradicted")]
)
def test_memory_in_use_is_held_against_the_samples_of_that_moment(used_gib, verdict):
    metrics = gauge("container_memory_rss", [used_gib * 2**30] * 30)
    claim = find(judge(PAGE, metrics), "memory in use", "3.2 GiB")
    assert claim.verdict == verdict
    assert "GiB" in claim.why


def test_a_service_that_the_evidence_does_not_know_makes_a_claim_untestable():
    metrics = gauge("container_memory_rss", [2.0**30] * 30)
    text = "2025-11-03 07:42 UTC\nThe recommendation-engine-api uses 7 GB of memory.\n"
    assert find(judge(text, metrics), "memory in use", "7 GB").verdict == "untestable"


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("This is not a memory leak.", ["no memory leak"]),
        ("We ruled out a memory leak.", ["no memory leak"]),
        ("We don't know whether it is a memory leak.", []),
        ("Not only a memory leak, the pool is exhausted too.", ["memory leak", "pool exhausted"]),
        ("Memory grows linear, not exponential.", ["growth shape", "no growth shape"]),
    ],
)
def test_a_denied_state_is_another_claim_and_an_open_one_is_none(text, topics):
    assert [claim.quantity for claim in read(text)] == topics


def test_what_did_not_double_claims_no_number():
    assert [c.claimed for c in read("Traffic did not double; it rose to 900 rps.")] == ["900 rps"]


def test_numbers_before_and_now_of_two_labelled_lines_are_held_together():
    text = "Throughput before: 50 req/s\nThroughput now: 30 req/s (-40 %)\n"
    assert find(read(text), "traffic increase", "-40").verdict == "supported"


def test_rows_parted_by_semicolons_are_a_table_with_a_head():
    text = "metric;before;now;delta\nrequests per second;200;260;+50%\nerrors;1;2;\n"
    claim = find(read(text), "traffic increase", "+50%")
    assert (claim.line, claim.verdict) == (2, "contradicted")


def test_an_item_under_a_short_item_takes_its_subject_from_it():
    text = "- memory\n  - limit 2 GiB\n  - now 1.5 GiB = 90 %\n"
    assert find(read(text), "memory share", "90 %").verdict == "contradicted"
