import json
from datetime import UTC, datetime

import numpy as np
import pytest
from typer.testing import CliRunner

from forensics.cli import build_app
from forensics.errors import UsageError
from forensics.run.growth import as_record, as_table, judge_files


@pytest.fixture
def leaking(tmp_path):
    path = tmp_path / "memory.csv"
    noise = np.random.default_rng(0).normal(size=600)
    rows = [
        f"{datetime.fromtimestamp(1.77e9 + 30 * k, UTC).isoformat()},{1e9 + 1e6 * k + 2e6 * e:.0f}"
        for k, e in enumerate(noise)
    ]
    path.write_text("time,value\n" + "\n".join(rows) + "\n")
    return path


def test_a_lone_series_of_bytes_is_judged_without_any_other_evidence(leaking):
    record = as_record(judge_files([leaking], limit_bytes=2e9))
    assert record["leak"] == "yes"
    (entry,) = record["growth"]
    assert entry["model"] == "linear"
    assert entry["rate_bytes_per_min"] == pytest.approx(2e6, rel=0.02)
    low, high = entry["time_to_limit_interval"]
    assert low < entry["time_to_limit_min"] < high
    assert entry["time_to_limit_min"] == pytest.approx(200, rel=0.02)


def test_the_table_for_people_has_a_row_a_lifetime(leaking):
    table = as_table(judge_files([leaking]))
    assert table.height == 1
    assert table["leak"].to_list() == ["yes"]


def test_the_command_prints_json(leaking):
    result = CliRunner().invoke(build_app(), ["growth", str(leaking), "--limit", "2GB", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["growth"][0]["limit_bytes"] == 2e9


def test_the_command_prints_a_sentence_and_a_table(leaking):
    result = CliRunner().invoke(build_app(), ["growth", str(leaking)])
    assert "Memory leaks in 1 of 1 processes" in result.stdout


def test_a_limit_that_is_no_size_is_wrong_usage(leaking):
    result = CliRunner().invoke(build_app(), ["growth", str(leaking), "--limit", "much"])
    assert isinstance(result.exception, UsageError)


def test_no_file_is_wrong_usage():
    with pytest.raises(UsageError, match="no file given"):
        judge_files([])
