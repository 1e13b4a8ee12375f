"""A run folder appears whole or not at all."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from forensics.errors import UsageError
from forensics.run import _folder
from forensics.run._folder import draft_folder


def write(folder, text: str) -> None:
    (folder / "findings.json").write_text(text)


def test_a_finished_run_replaces_the_previous_one(tmp_path) -> None:
    out = tmp_path / "report"
    for text in ("first", "second"):
        with draft_folder(out) as draft:
            write(draft, text)
    assert (out / "findings.json").read_text() == "second"
    assert [p.name for p in tmp_path.iterdir() if "draft" in p.name] == []


def test_a_failed_run_leaves_the_previous_one_whole(tmp_path) -> None:
    out = tmp_path / "report"
    with draft_folder(out) as draft:
        write(draft, "first")
    with pytest.raises(RuntimeError), draft_folder(out) as draft:
        write(draft, "half")
        raise RuntimeError
    assert (out / "findings.json").read_text() == "first"


def test_two_runs_into_one_folder_are_refused(tmp_path) -> None:
    out = tmp_path / "report"
    with draft_folder(out) as draft:
        write(draft, "first")
        with pytest.raises(UsageError, match="another run"), draft_folder(out):
            pass


def test_a_folder_that_no_run_made_is_not_replaced(tmp_path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="no report"), draft_folder(tmp_path):
        pass
    assert (tmp_path / "thesis.txt").exists()


def test_where_the_system_cannot_exchange_folders_two_renames_do(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(_folder, "_exchange", lambda *_: False)
    test_a_finished_run_replaces_the_previous_one(tmp_path)


def test_a_killed_run_is_cleaned_up_by_the_next(tmp_path) -> None:
    out = tmp_path / "report"
    with draft_folder(out) as draft:
        write(draft, "first")
    program = textwrap.dedent(
        f"""
        import os, signal, pathlib
        from forensics.run._folder import draft_folder
        with draft_folder(pathlib.Path({str(out)!r})) as draft:
            (draft / "findings.json").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -9
    assert (out / "findings.json").read_text() == "first"
    with draft_folder(out) as draft:
        write(draft, "second")
    assert (out / "findings.json").read_text() == "second"
    assert not list(tmp_path.glob(".report.draft-*"))


def test_a_swap_that_was_cut_in_half_is_finished_by_the_next_run(tmp_path) -> None:
    out = tmp_path / "report"
    old = tmp_path / ".report.old"
    old.mkdir()
    write(old, "first")
    with pytest.raises(RuntimeError), draft_folder(out):
        raise RuntimeError
    assert (out / "findings.json").read_text() == "first"
