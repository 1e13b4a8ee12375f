"""Which series a chart draws: those of the memory that leaks, and some of every version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from forensics.analysis.roles import Result as Roles
from forensics.charts._signal import each_signal, signal_sources
from forensics.charts.memory_growth import memory_points
from tests.charts.small_case import make_findings

START = datetime(2026, 3, 1, tzinfo=UTC)


def series(name, version, level, role="heap_used"):
    return pl.DataFrame(
        {
            "time": [START + timedelta(minutes=i) for i in range(3)],
            "series_id": name,
            "role": role,
            "entity": name,
            "version": version,
            "value": [level, level + 1, level + 2],
        }
    )


def test_of_many_series_each_version_is_drawn():
    many = [series(f"new-{i}", "v2", 1000.0 + i) for i in range(60)]
    few = [series(f"old-{i}", "v1", 1.0) for i in range(3)]
    drawn = list(each_signal(pl.concat([*many, *few]), most=40))
    assert len(drawn) == 40
    assert sum(signal.version == "v1" for signal in drawn) == 3


@pytest.mark.parametrize(("leak", "role"), [("yes", "rss"), ("no", "heap_used")])
def test_the_memory_that_leaks_is_drawn_and_not_the_heap_that_stays(leak, role):
    points = pl.concat([series("heap", "v2", 5.0), series("process", "v2", 9.0, "rss")])
    names = pl.DataFrame(
        {
            "series_id": ["heap", "process"],
            "metric": ["jvm_memory_used_bytes", "process_resident_memory_bytes"],
            "role": ["heap_used", "rss"],
        }
    )
    findings = make_findings()
    growth = findings.growth[0].model_copy(
        update={"metric": "process_resident_memory_bytes", "leak": leak}
    )
    findings = findings.model_copy(update={"growth": [growth]})
    assert memory_points(findings, Roles(names, points))["role"].unique().to_list() == [role]


def test_a_chart_names_the_files_of_what_it_draws_and_no_others():
    drawn = series("a", "v2", 5.0)
    names = pl.DataFrame(
        {
            "series_id": ["a", "b", "c"],
            "metric": ["whole", "left", "other"],
            "part_of": [None, "a", None],
        }
    )
    metrics = pl.DataFrame(
        {
            "metric": ["whole", "left", "other", "left"],
            "source": ["w.json", "l.json", "o.json", None],
        }
    )
    refs = signal_sources(make_findings(), Roles(names, drawn), drawn, metrics)
    assert [ref.path for ref in refs] == ["l.json", "w.json"]


def test_a_chart_whose_series_are_in_no_file_names_all_metrics():
    drawn = series("a", "v2", 5.0)
    names = pl.DataFrame({"series_id": ["a"], "metric": ["whole"], "part_of": [None]})
    names = names.cast({"part_of": pl.String})
    metrics = pl.DataFrame({"metric": ["other"], "source": ["o.json"]})
    findings = make_findings()
    told = [file.path for file in findings.evidence if file.kind == "metrics"]
    refs = signal_sources(findings, Roles(names, drawn), drawn, metrics)
    assert sorted(ref.path for ref in refs) == sorted(told)
