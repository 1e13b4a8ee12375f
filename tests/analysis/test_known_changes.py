"""Changes that no record has, records that are no change, and symptoms that last."""

import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from forensics.analysis import roles
from forensics.analysis._known_changes import find_known_changes
from forensics.analysis._lives import Life
from forensics.analysis._symptoms import BUSIER, find_symptom
from forensics.tables import CHANGES, EVENTS, METRICS, empty_table, fit_table, label_pairs

START = datetime(2025, 5, 6, 7, 0, tzinfo=UTC)
NO_ROLES = roles.run(metrics=empty_table("metrics"))


def life(pod, version, start_s, end_s=3600.0):
    zero = START.timestamp()
    return Life(pod, version, zero + start_s, zero + end_s, 0.1, math.nan, math.nan, math.nan)


def change(**values):
    row = {"kind": "deploy", "what": "change", "scope": [], "source": "calendar.yaml", **values}
    overrides = {name: CHANGES[name] for name in row}
    return fit_table("changes", pl.DataFrame([row], schema_overrides=overrides))


OLD = [life("cart-7d9f8c6b54-zzzzz", "4.1", 0.0)]


def test_a_version_that_begins_to_run_unrecorded_is_a_deploy():
    lives = [*OLD, life("cart-6c8b7d9f55-bbbbb", "4.2", 1200.0)]
    (found,) = find_known_changes(empty_table("changes"), NO_ROLES, lives, None)
    assert (found.kind, found.from_version, found.to_version) == ("deploy", "4.1", "4.2")
    assert found.time == START + timedelta(seconds=1200)


def test_a_new_replica_set_without_versions_is_a_deploy():
    lives = [life("cart-7d9f8c6b54-zzzzz", None, 0.0), life("cart-6c8b7d9f55-bbbbb", None, 1200.0)]
    (found,) = find_known_changes(empty_table("changes"), NO_ROLES, lives, None)
    assert "a new revision of cart" in found.what


def test_a_recorded_version_is_not_found_twice():
    lives = [*OLD, life("cart-6c8b7d9f55-bbbbb", "4.2", 1200.0)]
    table = change(time=START + timedelta(seconds=1190), what="Release cart 4.2", to_version="4.2")
    assert len(find_known_changes(table, NO_ROLES, lives, None)) == 1


def test_a_scope_called_otherwise_than_the_workload_doesnt_hide_a_deploy():
    lives = [*OLD, life("cart-6c8b7d9f55-bbbbb", "4.2", 1200.0)]
    table = change(time=START, what="Deployment", to_version="4.2", scope=["shop-monorepo"])
    (found,) = find_known_changes(table, NO_ROLES, lives, None)
    assert found.scope == ()


@pytest.mark.parametrize(("from_version", "count"), [(None, 0), ("4.0", 1)])
def test_a_first_revision_is_the_ground_and_no_change(from_version, count):
    table = change(
        time=START,
        what="Rollout of cart 4.1",
        to_version="4.1",
        from_version=from_version,
        source="replicasets.json",
    )
    assert len(find_known_changes(table, NO_ROLES, OLD, None)) == count


def series(metric, values, **labels):
    times = [START + timedelta(seconds=30 * k) for k in range(len(values))]
    frame = pl.DataFrame(
        {
            "time": pl.Series(times, dtype=METRICS["time"]),
            "metric": metric,
            "entity": "cart-0",
            "labels": pl.Series([label_pairs({"pod": "cart-0", **labels})] * len(values)),
            "value": pl.Series(values, dtype=pl.Float64),
        }
    )
    return fit_table("metrics", frame)


def requests(rates):
    total, counts = 0.0, []
    for rate in rates:
        total += 30.0 * rate
        counts.append(total)
    return series("http_requests_total", counts, code="200")


def test_a_load_that_doubled_is_what_moved_where_nothing_hurt():
    named = roles.run(metrics=requests([20.0] * 40 + [60.0] * 40))
    symptom = find_symptom(named)
    assert symptom is not None
    assert symptom.kind == BUSIER
    assert abs(symptom.time - (START + timedelta(minutes=20))) <= timedelta(minutes=1)


def test_a_steady_load_is_no_symptom():
    assert find_symptom(roles.run(metrics=requests([20.0] * 80))) is None


@pytest.mark.parametrize(("kills", "kind"), [(1, None), (2, "kills")])
def test_kills_are_a_symptom_from_the_second_on(kills, kind):
    rows = [
        {"time": START + timedelta(minutes=k), "kind": "oom_kill", "entity": "cart-0"}
        for k in range(kills)
    ]
    overrides = {name: EVENTS[name] for name in rows[0]}
    events = fit_table("events", pl.DataFrame(rows, schema_overrides=overrides))
    symptom = find_symptom(NO_ROLES, events)
    assert (symptom.kind if symptom else None) == kind
