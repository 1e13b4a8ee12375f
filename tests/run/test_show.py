"""Progress for log collectors."""

from __future__ import annotations

import json

import pytest

from forensics.errors import UsageError
from forensics.progress import track
from forensics.run._show import shown


def test_json_progress_is_one_object_a_line(capsys) -> None:
    with shown(log_format="json"), track("reading", 3, unit="files") as task:
        for _ in range(3):
            task.advance()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(r["message"], r["state"]) for r in lines] == [("reading", "start"), ("reading", "end")]
    assert (lines[-1]["done"], lines[-1]["total"]) == (3, 3)


def test_quiet_wins_over_the_format(capsys) -> None:
    with shown(quiet=True, log_format="json"), track("reading", 1) as task:
        task.advance()
    assert capsys.readouterr().err == ""


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UsageError, match="auto, text, json"), shown(log_format="xml"):
        pass
