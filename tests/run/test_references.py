"""References into merged tables lead to the file that holds the samples, or say that none does."""

from __future__ import annotations

import polars as pl
import pytest

from forensics.findings import EvidenceRef, Growth
from forensics.run._references import Sources, find_sources

METRICS = pl.DataFrame(
    {
        "metric": ["aws_count_sum", "heap_used", "heap_used", "pool_in_use"],
        "entity": ["alb", "pod-a", "pod-b", "pod-a"],
        "source": ["a_balancer.json", "heap_a.csv", "heap_b.csv", "pool.json"],
    }
)
ROLES = pl.DataFrame(
    {
        "metric": ["aws_count_sum", "heap_used", "heap_used", "pool_in_use"],
        "entity": ["alb", "pod-a", "pod-b", "pod-a"],
        "role": ["requests", "heap_used", "heap_used", "pool_active"],
        "use": ["used", "used", "used", "spare"],
    }
)
GROWTH = [
    Growth(
        entity="pod-b",
        metric="heap_used",
        model="linear",
        evidence=[EvidenceRef(path="metrics", query="heap_used of pod-b")],
    ),
    Growth(
        entity="pod-c",
        metric="heap after collection (log)",
        model="linear",
        evidence=[EvidenceRef(path="gc/pod-c.log", query="heap after collection (log) of pod-c")],
    ),
]


@pytest.fixture(scope="module")
def sources() -> Sources:
    return find_sources(METRICS, ROLES, GROWTH)


@pytest.mark.parametrize(
    ("query", "file"),
    [
        pytest.param("heap_used", "heap_a.csv", id="a metric"),
        pytest.param("heap_used of pod-b", "heap_b.csv", id="a metric of an entity"),
        pytest.param("pool_active", "pool.json", id="a role"),
        pytest.param("errors over requests", "a_balancer.json", id="a role that is there"),
        pytest.param("memory of pod-b", "heap_b.csv", id="the memory of an entity"),
        pytest.param("memory of pod-c", "gc/pod-c.log", id="memory judged by a log"),
    ],
)
def test_a_query_leads_to_the_file_of_its_samples(sources, query, file) -> None:
    assert sources.find(query) == file


@pytest.mark.parametrize("query", ["memory of pod-z", "latency", "oom_kills of pod-a"])
def test_what_no_file_holds_leads_to_no_file(sources, query) -> None:
    assert sources.find(query) is None
