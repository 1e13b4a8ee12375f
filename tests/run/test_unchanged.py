"""A report is made again only where something that it follows from has changed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from forensics.run.report import ReportRequest, make_report

START = datetime(2031, 3, 4, 5, 0, tzinfo=UTC)


def write_evidence(folder):
    folder.mkdir(parents=True)
    rows = ["time,pod,container_memory_rss"]
    for minute in range(90):
        at = (START + timedelta(minutes=minute)).isoformat()
        rows += [f"{at},api-{pod},{(300 + pod * minute + minute % 3) << 20}" for pod in range(2)]
    (folder / "rss.csv").write_text("\n".join(rows) + "\n")
    return folder


def make(root, **settings):
    request = ReportRequest(
        root / "evidence", root / "out", cache=root / "cache", run_notebooks=False, **settings
    )
    return make_report(request)


def everything(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    write_evidence(root / "evidence")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", "1930000000")
        make(root)
    return root


@pytest.fixture(autouse=True)
def _at_one_date(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1930000000")


def test_a_second_run_keeps_the_report_and_still_judges_the_conditions(made):
    before = everything(made / "out")
    again = make(made)
    assert again.is_kept
    assert again.findings.verdict.leak == "yes"
    assert everything(made / "out") == before
    assert again.exit_code == 0


def test_two_whole_reports_made_from_nothing_are_the_same_bytes(made, tmp_path):
    write_evidence(tmp_path / "evidence")
    assert not make(tmp_path).is_kept
    assert everything(tmp_path / "out") == everything(made / "out")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: (r / "evidence" / "notes.txt").write_text("seen\n"), id="evidence"),
        pytest.param(lambda r: (r / "evidence" / "incident.yaml").write_text("id: X-1"), id="yaml"),
        pytest.param(
            lambda r: (r / "out" / "postmortem.md").open("a").write("\nedited\n"), id="edited"
        ),
        pytest.param(lambda r: (r / "out" / "charts.json").unlink(), id="a file lost"),
    ],
)
def test_what_changed_makes_it_again(made, tmp_path, change, monkeypatch):
    root = shutil.copytree(made, tmp_path / "copy")
    change(root)
    asked = []
    monkeypatch.setattr("forensics.run.report.open_case", lambda *_, **__: asked.append(1) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        make(root)
    assert asked


def test_who_wants_it_fresh_gets_it_made_again(made, monkeypatch):
    monkeypatch.setattr("forensics.run.report.open_case", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        make(made, fresh=True)
    with pytest.raises(ZeroDivisionError):
        make(made, reveal=True)
