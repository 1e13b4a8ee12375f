"""What a folder holds is listed; what must not be opened is refused with a reason."""

from __future__ import annotations

import os

import pytest

from forensics.errors import EvidenceError
from forensics.evidence._walk import walk_evidence


def names(found) -> dict[str, str]:
    return {item.name: item.refusal for item in found}


def test_files_are_listed_by_relative_name_in_order(tmp_path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "b.log").write_text("x")
    (tmp_path / "a.json").write_text("{}")
    assert names(walk_evidence(tmp_path)) == {"a.json": "", "logs/b.log": ""}


def test_a_link_out_of_the_folder_is_not_followed(tmp_path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("secret")
    evidence = tmp_path / "evidence"
    evidence.mkdir()
    (evidence / "link").symlink_to(outside)
    (evidence / "folder").symlink_to(tmp_path)
    assert "leaves the evidence folder" in names(walk_evidence(evidence))["link"]
    assert not any(name.startswith("folder/") for name in names(walk_evidence(evidence)))


def test_a_link_inside_the_folder_is_read(tmp_path) -> None:
    (tmp_path / "real.txt").write_text("x")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    assert names(walk_evidence(tmp_path))["link.txt"] == ""


def test_a_pipe_and_a_link_loop_are_listed_and_not_opened(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    found = names(walk_evidence(tmp_path))
    assert "pipe, socket or device" in found["pipe"]
    assert "can't be opened" in found["loop"]


def test_names_in_ignore_and_the_configuration_are_left_out(tmp_path) -> None:
    for name in ("incident.yaml", "big.bin", "a.json"):
        (tmp_path / name).write_text("x")
    assert list(names(walk_evidence(tmp_path, ["*.bin"]))) == ["a.json"]


@pytest.mark.parametrize(
    "make", [lambda path: None, lambda path: path.mkdir()], ids=["missing", "empty"]
)
def test_a_folder_without_files_is_an_error_that_says_what_to_do(tmp_path, make) -> None:
    folder = tmp_path / "nothing"
    make(folder)
    with pytest.raises(EvidenceError, match="give the folder of the evidence"):
        walk_evidence(folder)
