"""What one notebook found out, the next one knows, as long as nothing changed."""

from __future__ import annotations

import pytest

from forensics.run.study import open_study


@pytest.fixture
def evidence(tmp_path, monkeypatch):
    monkeypatch.setenv("FORENSICS_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "evidence"
    folder.mkdir()
    lines = [f"2026-05-04T08:{i:02}:00Z,cart-1,{300 + 2 * i}" for i in range(60)]
    (folder / "rss.csv").write_text("timestamp,pod,rss_mb\n" + "\n".join(lines) + "\n")
    return folder


@pytest.fixture
def first(evidence):
    return open_study(str(evidence)).findings


@pytest.fixture
def _no_analyses(monkeypatch):
    monkeypatch.setattr("forensics.run.study.assemble", lambda _: 1 / 0)


@pytest.mark.usefixtures("first", "_no_analyses")
class TestAfterwards:
    def test_the_next_study_knows_the_findings(self, first, evidence):
        assert open_study(str(evidence)).findings == first

    @pytest.mark.parametrize("name", ["more.csv", "incident.yaml"])
    def test_other_evidence_is_looked_at_anew(self, evidence, name):
        (evidence / name).write_text("id: X-1\n")
        with pytest.raises(ZeroDivisionError):
            open_study(str(evidence)).findings  # noqa: B018  # the property does the work

    def test_a_torn_record_is_made_again(self, evidence, tmp_path):
        (record,) = (tmp_path / "cache" / "findings").iterdir()
        record.write_bytes(record.read_bytes()[:100])
        with pytest.raises(ZeroDivisionError):
            open_study(str(evidence)).findings  # noqa: B018  # same
