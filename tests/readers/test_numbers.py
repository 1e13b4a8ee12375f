"""Columns of numbers out of every plain container, and the verb that searches them."""

from __future__ import annotations

import gzip
import json

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from forensics.cli import build_app
from forensics.errors import CorruptEvidenceError, UnknownFormatError, UsageError
from forensics.readers._numbers import read_numbers


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "names", "shape"),
    [
        ("[1, null, 3]", ("value",), (3, 1)),
        ("[]", ("value",), (0, 1)),
        ("[[1, 2], [3, null]]", ("column_1", "column_2"), (2, 2)),
        ('{"a": [1, 2], "b": [3, null]}', ("a", "b"), (2, 2)),
        ('[{"a": 1, "b": 2}, {"a": 3, "b": null}]', ("a", "b"), (2, 2)),
        ('{"n_obs": 2, "series": [{"label": "V1", "raw": [1, null]}]}', ("V1",), (2, 1)),
        ("1\n2\n\n4\n", ("column_1",), (3, 1)),
        ("a;b\n1;2\n3;\n", ("a", "b"), (2, 2)),
        ("", ("value",), (0, 1)),
    ],
    ids=["list", "empty", "rows", "columns", "objects", "layout", "bare", "semicolons", "void"],
)
def test_plain_containers_are_read(tmp_path, text, names, shape):
    found = read_numbers(write(tmp_path / "file", text))
    assert len(found.names) == len(names)
    if "column_1" not in names:
        assert found.names == names
    assert found.values.shape[1] == shape[1]
    assert found.values.shape[0] in {shape[0], shape[0] + 1}


def test_dates_and_counts_are_times_and_not_values(tmp_path):
    text = "when,a\n2026-01-01T00:00:00Z,1\n2026-01-01T00:01:00Z,2\n"
    dated = read_numbers(write(tmp_path / "a.csv", text))
    assert dated.names == ("a",)
    assert str(dated.time_at(1)).startswith("2026-01-01 00:01")
    counted = read_numbers(write(tmp_path / "b.csv", "0,5\n1,7\n2,9.5\n"))
    assert counted.values.ravel().tolist() == [5, 7, 9.5]
    assert counted.time_at(2) == 2


def test_packed_files_and_parquet_are_read(tmp_path):
    packed = tmp_path / "list.json.gz"
    packed.write_bytes(gzip.compress(b"[1, 2]"))
    assert read_numbers(packed).values.ravel().tolist() == [1, 2]
    pl.DataFrame({"a": [1.0, None], "text": ["x", "y"]}).write_parquet(tmp_path / "t.parquet")
    found = read_numbers(tmp_path / "t.parquet")
    assert found.names == ("a",)
    assert np.isnan(found.values[1, 0])


def test_a_broken_parquet_is_corrupt(tmp_path):
    (tmp_path / "t.parquet").write_bytes(b"PAR1" + b"x" * 50)
    with pytest.raises(CorruptEvidenceError, match="Parquet"):
        read_numbers(tmp_path / "t.parquet")


def test_a_column_is_picked_by_name_and_a_wrong_name_is_answered_with_the_right_ones(tmp_path):
    path = write(tmp_path / "a.csv", "a,b\n1,2\n3,4\n")
    assert read_numbers(path, column="b").values.ravel().tolist() == [2, 4]
    with pytest.raises(UsageError, match="a, b"):
        read_numbers(path, column="c")


def test_prose_is_of_unknown_format(tmp_path):
    with pytest.raises(UnknownFormatError):
        read_numbers(write(tmp_path / "a.txt", "nothing to count here\n"))


def test_the_verb_prints_parallel_lists(tmp_path):
    path = write(tmp_path / "a.json", json.dumps([1.0] * 30 + [None] + [9.0] * 30))
    result = CliRunner().invoke(build_app(), ["changepoints", str(path), "--json"])
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["indices"] == [31]
    assert answer["kinds"] == ["level"]
    assert answer["confidence"][0] > 0.9
    assert answer["times"] == [None]


def test_the_verb_prints_a_table_for_people(tmp_path):
    path = write(
        tmp_path / "a.csv", "time,v\n" + "".join(f"{i},{9 * (i > 30)}\n" for i in range(60))
    )
    result = CliRunner().invoke(build_app(), ["changepoints", str(path)])
    assert result.exit_code == 0
    assert "1 change" in result.stdout
    assert "level" in result.stdout
