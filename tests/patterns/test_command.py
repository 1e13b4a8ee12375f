"""The verb ``logs patterns`` as scripts use it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest
from synthetic import make_log

from forensics.cli import main


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main([*arguments])
    return int(left.value.code or 0)


@pytest.fixture
def messages(tmp_path: Path) -> Path:
    path = tmp_path / "messages.txt"
    path.write_text("\n".join(make_log("web", seed=1, lines=100)[0]) + "\n")
    return path


def test_csv_has_one_row_a_line(messages: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert call("logs", "patterns", str(messages), "--messages", "--csv", str(out)) == 0
    rows = pl.read_csv(out)
    assert rows.columns == ["LineId", "EventId", "EventTemplate"]
    assert rows["LineId"].to_list() == list(range(1, 101))


def test_a_dash_is_standard_output(
    messages: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert call("logs", "patterns", str(messages), "--messages", "--csv", "-") == 0
    assert capfdbinary.readouterr().out.count(b"\n") == 101


def test_json_has_templates_and_packed_files_are_read(
    messages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = tmp_path / "messages.gz"
    packed.write_bytes(gzip.compress(messages.read_bytes()))
    assert call("logs", "patterns", str(packed), "--messages", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["lines"] == 100
    assert sum(one["count"] for one in answer["templates"]) == 100


def test_a_missing_file_is_an_error_with_its_exit_code(tmp_path: Path) -> None:
    assert call("logs", "patterns", str(tmp_path / "none.log")) == 3
