"""The verdict on a change must follow from what happened, not from names, dates or company."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from forensics.analysis import attribution, roles
from forensics.analysis._arguments import Scene
from forensics.analysis._candidates import NONE_ID, Candidate
from forensics.analysis._exposure import Panel, exposed_from
from forensics.analysis._lives import Life, leak_probability
from forensics.analysis._log_symptom import find_log_symptom
from forensics.analysis._reversal import find_reversal
from forensics.tables import LABELS, empty_table, fit_table
from tests.verdict.growths import imagine_growth
from tests.verdict.score import judge_simulated
from tests.verdict.simulate import START, draw_incident

SEEDS = (2, 3, 4, 6, 8, 9)


def judge(incident, growths=None):
    named = roles.run(metrics=incident.metrics)
    return judge_simulated(incident, named, growths or imagine_growth(incident))


def said(result):
    return {s.change_id: s.probability for s in result.suspects}


@pytest.mark.parametrize(
    ("shape", "seed"),
    [
        ("deploy", 0),
        ("flag", 2),
        ("earlier deploy", 3),
        ("off-heap deploy", 4),
        ("maintenance alone", 6),
        ("older leak", 8),
        ("canary", 23),
        ("rollback", 11),
        ("healthy", 12),
    ],
)
def test_the_guilty_change_comes_first(shape, seed):
    incident = draw_incident(seed, shape)
    first = judge(incident).suspects[0]
    assert first.change_id == (incident.cause or NONE_ID)


def test_a_rise_of_traffic_that_nobody_declared_is_found():
    first = judge(draw_incident(9)).suspects[0]
    assert first.kind == "traffic"
    assert "recorded nowhere" in first.what


@pytest.mark.parametrize("seed", SEEDS)
def test_a_change_of_a_service_elsewhere_takes_nothing_from_the_first_suspect(seed):
    incident = draw_incident(seed)
    before = judge(incident)
    row = incident.changes.head(1).with_columns(
        what=pl.lit("infra of nobody"),
        details=pl.lit("id: ELSEWHERE-1"),
        kind=pl.lit("infra"),
        scope=pl.lit(["somewhere-else"]),
        time=pl.lit(START + timedelta(seconds=77)).cast(incident.changes.schema["time"]),
        end_time=pl.lit(None, incident.changes.schema["end_time"]),
        source=pl.lit("other.yaml"),
    )
    incident.changes = pl.concat([incident.changes, row])
    after = judge(incident)
    assert after.suspects[0].change_id == before.suspects[0].change_id
    assert after.suspects[0].probability == pytest.approx(before.suspects[0].probability, abs=0.15)


@pytest.mark.parametrize("seed", SEEDS)
def test_names_of_pods_services_and_versions_decide_nothing(seed):
    incident = draw_incident(seed)
    growths = imagine_growth(incident)
    before = judge(incident, growths)
    service = next(iter(incident.memory)).rsplit("-", 2)[0]

    def rename(text):
        return text.replace(service, "zebra") if text else text

    words = pl.col("entity").str.replace(service, "zebra", literal=True)
    pairs = [
        [{**pair, "value": rename(pair["value"])} for pair in row]
        for row in incident.metrics["labels"].unique().to_list()
    ]
    names = dict(zip(map(str, incident.metrics["labels"].unique().to_list()), pairs, strict=True))
    labels = [names[str(row)] for row in incident.metrics["labels"].to_list()]
    incident.metrics = incident.metrics.with_columns(words, labels=pl.Series(labels, dtype=LABELS))
    incident.events = incident.events.with_columns(words)
    incident.changes = incident.changes.with_columns(
        pl.col("scope").list.eval(pl.element().replace(service, "zebra"))
    )
    signals = tuple(
        replace(g, signal=replace(g.signal, entity=rename(g.signal.entity)))
        for g in growths.signals
    )
    after = judge(incident, replace(growths, signals=signals))
    assert said(after) == pytest.approx(said(before), abs=0.01)
    assert after.suspects[0].change_id == before.suspects[0].change_id


@pytest.mark.parametrize("seed", SEEDS)
def test_a_year_later_the_verdict_is_the_same(seed):
    year = timedelta(days=365)
    incident = draw_incident(seed)
    growths = imagine_growth(incident)
    before = judge(incident, growths)
    late = pl.col("time") + year
    incident.metrics = incident.metrics.with_columns(late)
    incident.events = incident.events.with_columns(late)
    incident.changes = incident.changes.with_columns(late, pl.col("end_time") + year)
    shift_s = year.total_seconds()
    signals = tuple(_later(grown, shift_s) for grown in growths.signals)
    after = judge(incident, replace(growths, signals=signals))
    # A rise that nobody declared is named after its time.
    kinds = sorted((s.kind, round(s.probability, 2)) for s in before.suspects)
    assert sorted((s.kind, round(s.probability, 2)) for s in after.suspects) == kinds
    assert after.suspects[0].kind == before.suspects[0].kind


def _later(grown, shift_s):
    def moved(estimate):
        return replace(
            estimate,
            value=estimate.value + shift_s,
            low=estimate.low + shift_s,
            high=estimate.high + shift_s,
        )

    lives = tuple(
        replace(
            life,
            life=replace(
                life.life,
                started_s=life.life.started_s + shift_s,
                ended_s=life.life.ended_s + shift_s,
            ),
            onset_s=moved(life.onset_s),
        )
        for life in grown.assessment.lives
    )
    signal = replace(
        grown.signal,
        t_s=grown.signal.t_s + shift_s,
        versions=tuple((since + shift_s, name) for since, name in grown.signal.versions),
    )
    return replace(grown, signal=signal, assessment=replace(grown.assessment, lives=lives))


def life(version, start_s, end_s=None, leak=0.9):
    end_s = start_s + 600.0 if end_s is None else end_s
    nan = float("nan")
    return Life(f"api-{start_s}", version, start_s, end_s, leak, nan, nan, nan)


def change(name, minute, kind="deploy", **more):
    return Candidate(name, kind, more.pop("what", name), START + timedelta(minutes=minute), **more)


def test_a_version_deployed_later_inherits_a_change_and_an_earlier_one_does_not():
    first = change("a", 1, from_version="1", to_version="2")
    second = change("b", 20, from_version="2", to_version="3")
    zero = START.timestamp()
    hows = [
        exposed_from(first, life(version, zero + 60 * minute), [first, second])[1]
        for version, minute in [("1", 0), ("2", 2), ("3", 21), ("1", 30)]
    ]
    assert hows == [None, "direct", "inherited", None]


def test_one_false_alarm_among_clean_processes_of_a_version_is_no_leak():
    lives = [life("1", 10.0 * k, leak=0.97 if k == 0 else 0.05) for k in range(8)]
    assert leak_probability(lives) < 0.1
    assert leak_probability(lives[:1]) > 0.9


def test_a_deploy_of_the_version_before_takes_a_deploy_back():
    deploy = change("a", 1, from_version="1", to_version="2")
    back = change("b", 9, from_version="2", to_version="1")
    assert find_reversal(deploy, [deploy, back]) == back
    assert find_reversal(back, [deploy, back]) is None


def test_a_flag_is_taken_back_by_the_same_flag_switched_off():
    on = change("a", 1, "flag", what="flag new-basket on")
    other = change("c", 5, "flag", what="flag dark-mode off")
    off = change("b", 9, "flag", what="flag new-basket off")
    assert find_reversal(on, [on, other, off]) == off


def test_without_any_metrics_nobody_is_accused():
    incident = draw_incident(0)
    incident.metrics, incident.memory, incident.lives = empty_table("metrics"), {}, []
    named = roles.run(metrics=incident.metrics)
    growths = replace(imagine_growth(draw_incident(0)), signals=(), leak="unknown")
    assert judge_simulated(incident, named, growths).suspects == ()


def test_leaving_out_a_kind_of_evidence_leaves_its_arguments_out():
    result = judge(draw_incident(2))
    again = attribution.weigh(result.scene, result.leak_probability, without=frozenset({"timing"}))
    assert not any(
        "onset of growth" in a.text for s in again.suspects for a in [*s.for_, *s.against]
    )


def test_a_setting_acts_on_processes_that_start_after_its_record_ends():
    begin, end = START, START + timedelta(minutes=1)
    born_s, nan = end.timestamp() + 600, float("nan")
    life = Life("api-1", None, born_s, born_s + 3600, 0.9, nan, nan, nan)
    setting = Candidate("c", "config", "cache without a bound", begin, end)
    assert exposed_from(setting, life, [setting]) == (born_s, "direct")
    sale = replace(setting, kind="traffic")
    assert exposed_from(sale, life, [sale])[1] is None


def test_what_is_undecided_says_which_trial_would_decide():
    """A release and its flag reach the same fresh processes within minutes."""
    born_s, nan = START.timestamp() + 60, float("nan")
    first_s = born_s - 3600
    lives = [
        *(Life(f"old-{i}", "1", first_s, born_s, 0.05, nan, nan, nan) for i in range(3)),
        *(Life(f"new-{i}", "2", born_s, born_s + 3600, 0.9, nan, nan, nan) for i in range(3)),
    ]
    known = [
        Candidate("d", "deploy", "Release 2", START, to_version="2"),
        Candidate("f", "flag", "Flag x on", START + timedelta(minutes=1)),
    ]
    panel = Panel(lives, known, (first_s, born_s + 3600))
    named = roles.Result(pl.DataFrame(schema=roles.SERIES), pl.DataFrame(schema=roles.POINTS))
    result = attribution.weigh(Scene(named, panel, None, known), 0.95)
    assert not result.is_decided
    assert result.wanted[0].startswith("one process with Release 2 but without Flag x on")


@pytest.mark.parametrize("every_s", [10, 30])
def test_error_lines_that_come_to_stay_are_trouble_where_there_are_no_metrics(every_s):
    times = [START + timedelta(seconds=every_s * i) for i in range(240)]
    levels = ["ERROR" if i >= 150 else "INFO" for i in range(240)]
    logs = fit_table("logs", pl.DataFrame({"time": times, "level": levels, "message": "x"})).lazy()
    symptom = find_log_symptom(logs)
    assert symptom is not None
    assert symptom.time == times[150]
    quiet = logs.with_columns(level=pl.lit("INFO"))
    assert find_log_symptom(quiet) is None
