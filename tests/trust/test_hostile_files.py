"""Bombs, lies and odd files: each is listed with a reason, none stops the run or hangs it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import resource
import socket
import struct
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest
import zstandard

from forensics.config import read_config
from forensics.errors import EvidenceError, EvidenceTooLargeError
from forensics.evidence import _intake as intake
from forensics.evidence import check_custody, open_case, write_custody
from forensics.evidence._walk import walk_evidence
from forensics.readers import Limits, Source, read_file
from forensics.readers.heap import open_heap
from tests import heap_writer
from tests.evidence.test_custody import WHEN

LOG = "2026-02-09T14:23:17Z ERROR [main] a.b.C - boom {}\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Make a folder with one sound log."""
    made = tmp_path / "evidence"
    made.mkdir()
    (made / "sound.log").write_text("".join(LOG.format(i) for i in range(50)))
    return made


def taken(folder: Path, tmp_path: Path) -> dict[str, tuple[str, str]]:
    case = open_case(folder, cache=tmp_path / "cache")
    return {file.path: (file.status, file.why) for file in case.files}


def test_a_gzip_and_a_zstd_bomb_end_at_the_limit(tmp_path) -> None:
    limits = Limits(free_bytes=1 << 20, ratio=100.0)
    zeros = b"\0" * (1 << 20)
    for name, packed in (
        ("bomb.gz", gzip.compress(zeros * 64)),
        ("bomb.zst", zstandard.compress(zeros * 64)),
    ):
        path = tmp_path / name
        path.write_bytes(packed)
        with pytest.raises(EvidenceTooLargeError, match="expanded_bytes"):
            Source(path, limits=limits).read_document()


def test_nested_packs_are_not_unpacked_twice(folder, tmp_path) -> None:
    inner = gzip.compress(b"x" * 10_000_000)
    (folder / "twice.gz").write_bytes(gzip.compress(inner))
    with tarfile.open(folder / "logs.tar", "w") as tar:
        tar.add(folder / "sound.log", "../../escape.log")
    found = taken(folder, tmp_path)
    assert found["twice.gz"][0] == "unreadable"
    assert found["logs.tar"][0] in {"unreadable", "partly"}
    assert not (tmp_path / "escape.log").exists()


def test_what_is_no_regular_file_is_listed_and_not_opened(folder, tmp_path) -> None:
    os.mkfifo(folder / "pipe.log")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket.log"))
        (folder / "device.log").symlink_to("/dev/zero")
        (folder / "passwd.log").symlink_to("/etc/passwd")
        (folder / "loop.log").symlink_to(folder / "loop.log")
        (folder / "up").symlink_to(tmp_path)
        found = taken(folder, tmp_path)
    assert "pipe, socket or device" in found["pipe.log"][1]
    assert "pipe, socket or device" in found["socket.log"][1]
    for name in ("device.log", "passwd.log"):
        assert "leaves the evidence folder" in found[name][1]
    assert "link loop" in found["loop.log"][1] or "can't be opened" in found["loop.log"][1]
    assert found["sound.log"][0] == "read"


def test_a_pipe_in_the_place_of_a_file_does_not_hang(tmp_path) -> None:
    os.mkfifo(tmp_path / "late.log")
    with pytest.raises(EvidenceError, match="no regular file"):
        Source(tmp_path / "late.log").open_raw()


def test_names_of_all_kinds_pass_through_to_the_manifest(folder, tmp_path) -> None:
    names = [
        b"new\nline.log",
        b"<img src=x onerror=alert(1)>.log",
        b"not\xff\xfeutf8.log",
        b"\x1b[31mred.log",
        b"-rf.log",
        "\u202egol.exe".encode(),
        b"a" * 250,
    ]
    for name in names:
        (Path(os.fsdecode(os.fsencode(folder) + b"/" + name))).write_text(LOG.format(name[:5]))
    case = open_case(folder, cache=tmp_path / "cache")
    assert len(case.files) == 1 + len(names)
    assert all(file.sha256 for file in case.files)
    json.dumps([file.model_dump(mode="json") for file in case.files]).encode()
    out = tmp_path / "report"
    out.mkdir()
    write_custody(out, case.files, evidence="evidence", parameters={}, generated_at=WHEN)
    assert check_custody(out, folder) == []
    done = subprocess.run(
        ["sha256sum", "-c", str(out / "SHA256SUMS")], cwd=folder, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_deep_path_is_read(folder, tmp_path) -> None:
    deep = folder.joinpath(*["d" * 100] * 20)
    deep.mkdir(parents=True)
    (deep / "deep.log").write_text(LOG * 20)
    assert sum(status == "read" for status, _ in taken(folder, tmp_path).values()) == 2


def test_a_file_that_grows_while_it_is_read_is_told(folder, tmp_path, monkeypatch) -> None:
    real = intake.find_reader

    def growing(source, *wanted):
        with source.path.open("a") as stream:
            stream.write("more\n")
        return real(source, *wanted)

    monkeypatch.setattr(intake, "find_reader", growing)
    status, why = taken(folder, tmp_path)["sound.log"]
    assert (status, "changed while it was read" in why) == ("partly", True)


def test_a_file_that_vanishes_is_told_and_the_others_are_read(
    folder, tmp_path, monkeypatch
) -> None:
    (folder / "gone.log").write_text(LOG)
    real = intake.hash_file

    def vanishing(path):
        digest = real(path)
        if path.name == "gone.log":
            path.unlink()
        return digest

    monkeypatch.setattr(intake, "hash_file", vanishing)
    found = taken(folder, tmp_path)
    assert found["gone.log"][0] == "unreadable"
    assert found["sound.log"][0] == "read"


def test_evidence_that_changes_before_the_report_is_done_is_named(folder, tmp_path) -> None:
    case = open_case(folder, cache=tmp_path / "cache")
    assert case.changed_files() == []
    with (folder / "sound.log").open("a") as stream:
        stream.write("tampered\n")
    assert case.changed_files() == ["sound.log"]


def test_a_file_and_a_folder_that_may_not_be_read_do_not_stop_the_others(
    folder, tmp_path, monkeypatch
) -> None:
    (folder / "mine").mkdir()
    (folder / "private.log").write_text(LOG)
    real_list, real_access = os.scandir, os.access

    def listing(path):
        if str(path).endswith("mine"):
            raise PermissionError(13, "Permission denied", str(path))
        return real_list(path)

    monkeypatch.setattr(os, "scandir", listing)
    monkeypatch.setattr(
        os,
        "access",
        lambda path, mode: Path(path).name != "private.log" and real_access(path, mode),
    )
    found = taken(folder, tmp_path)
    assert found["mine/"] == ("unreadable", "folder that can't be listed (Permission denied)")
    assert "permissions" in found["private.log"][1]
    assert found["sound.log"][0] == "read"


def test_a_sparse_terabyte_is_refused_and_empty_files_are_named(folder, tmp_path) -> None:
    with (folder / "sparse.hprof").open("wb") as stream:
        stream.write(b"JAVA PROFILE 1.0.2\0")
        stream.truncate(1 << 40)
    (folder / "empty.log").touch()
    (folder / "empty2.log").touch()
    found = taken(folder, tmp_path)
    assert "sparse file" in found["sparse.hprof"][1]
    assert found["empty.log"] == ("unreadable", "is empty (0 bytes)")
    assert found["empty2.log"] == ("unreadable", "is empty (0 bytes)")


def test_too_many_files_are_refused_with_the_way_out(folder, tmp_path) -> None:
    for i in range(20):
        (folder / f"{i}.log").write_text(LOG)
    (folder / "incident.yaml").write_text("limits: {files: 10}\n")
    with pytest.raises(EvidenceTooLargeError, match=r"limits\.files in incident\.yaml"):
        open_case(folder, cache=tmp_path / "cache")


def test_two_thousand_tiny_files_are_listed(tmp_path) -> None:
    for i in range(2000):
        (tmp_path / f"{i:05}.log").write_text(f"{i}")
    assert len(walk_evidence(tmp_path)) == 2000


@pytest.mark.parametrize("opening", ["[", '{"a":'], ids=["lists", "objects"])
def test_a_million_levels_of_json_end_in_a_typed_error(opening, tmp_path) -> None:
    for name in ("deep.json", "deep.jsonl"):
        path = tmp_path / name
        path.write_text(opening * 1_000_000)
        with pytest.raises(EvidenceError):
            read_file(path).check()


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "], ids=["lists", "maps", "block"])
def test_a_million_levels_of_yaml_end_in_a_typed_error(opening, tmp_path) -> None:
    (tmp_path / "incident.yaml").write_text("title: x\nignore:\n  " + opening * 1_000_000)
    with pytest.raises(EvidenceError):
        read_config(tmp_path / "incident.yaml")
    path = tmp_path / "calendar.yaml"
    path.write_text("- what: x\n  time: 2026-01-01\n  more:\n    " + opening * 1_000_000)
    with pytest.raises(EvidenceError):
        read_file(path).check()


BILLION_LAUGHS = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10)
)


def test_yaml_aliases_do_not_expand(tmp_path) -> None:
    (tmp_path / "incident.yaml").write_text(BILLION_LAUGHS)
    with pytest.raises(EvidenceTooLargeError, match="alias"):
        read_config(tmp_path / "incident.yaml")
    (tmp_path / "calendar.yaml").write_text("- what: deploy\n  time: 2026-01-01\n" + BILLION_LAUGHS)
    with pytest.raises(EvidenceError):
        read_file(tmp_path / "calendar.yaml").check()
    (tmp_path / "incident.yaml").write_text("title: !!python/object/apply:os.system [id]\n")
    with pytest.raises(EvidenceError, match=r"line 1|YAML"):
        read_config(tmp_path / "incident.yaml")


def opened_or_refused(path: Path, cache: Path) -> bool:
    """Say whether a dump was read in part, damage told, or refused by its name."""
    try:
        graph = open_heap(path, cache=cache)
    except EvidenceError as error:
        return path.name in str(error)
    return len(graph) > 0


def test_a_dump_that_claims_2_to_the_31_elements_costs_nothing(tmp_path) -> None:
    writer = heap_writer.HeapWriter()
    heap_writer.write_basics(writer)
    writer.add_array(0x6000, "char", [104])
    data = bytes(writer)
    at = data.rindex(b"\x23" + (0x6000).to_bytes(8, "big")) + 13
    path = tmp_path / "lie.hprof"
    path.write_bytes(data[:at] + struct.pack(">I", 2**31 - 1) + data[at + 4 :])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert opened_or_refused(path, tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def test_a_class_that_is_its_own_grandparent_ends(tmp_path) -> None:
    writer = heap_writer.HeapWriter()
    heap_writer.write_basics(writer)
    for address, parent in ((0xA000, 0xB000), (0xB000, 0xC000), (0xC000, 0xA000)):
        writer.add_class(address, f"x/C{address:x}", parent=parent, fields=[("f", "object")])
    writer.add_instance(0xD000, 0xA000, ("object", 0))
    writer.add_root(0x05, 0xD000)
    path = tmp_path / "cycle.hprof"
    path.write_bytes(bytes(writer))
    assert opened_or_refused(path, tmp_path)


def test_evidence_is_left_as_it_was(folder, tmp_path) -> None:
    """Content, time of change, mode, and on Linux the time of last access: all untouched."""
    (folder / "heap.hprof").write_bytes(_small_heap())
    (folder / "packed.log.gz").write_bytes(gzip.compress(LOG.encode() * 9))

    def state():
        found = {}
        for path in sorted(folder.rglob("*")):
            facts = path.stat()
            found[path.name] = (facts.st_mtime_ns, facts.st_ctime_ns, facts.st_mode, facts.st_size)
        return found

    for path in folder.iterdir():
        os.utime(path, (1_000_000_000, 1_000_000_000))
    before = state()
    digests = {p: hashlib.sha256(p.read_bytes()).digest() for p in folder.iterdir()}
    for path in folder.iterdir():  # reading them for the digests may have moved it
        os.utime(path, (1_000_000_000, 1_000_000_000))
    before = state()
    case = open_case(folder, cache=tmp_path / "cache")
    for heap in case.heaps:
        heap.open()
    assert state() == before
    assert {p: hashlib.sha256(p.read_bytes()).digest() for p in folder.iterdir()} == digests


def test_the_time_of_last_access_stays_where_the_owner_may_keep_it(tmp_path) -> None:
    path = tmp_path / "a.log"
    path.write_text(LOG * 100)
    os.utime(path, (1_000_000_000, path.stat().st_mtime))
    with Source(path).open_raw() as stream:
        stream.read()
    if hasattr(os, "O_NOATIME"):
        assert path.stat().st_atime == 1_000_000_000


def _small_heap() -> bytes:
    writer = heap_writer.HeapWriter()
    heap_writer.write_basics(writer)
    heap_writer.add_node(writer, 0x1000)
    writer.add_root(0x05, 0x1000)
    return bytes(writer)


def test_a_file_that_is_cut_while_its_pack_is_open_is_an_error_of_ours(tmp_path) -> None:
    path = tmp_path / "cut.log.gz"
    path.write_bytes(gzip.compress(os.urandom(3 << 20)))
    blocks = Source(path).iter_blocks(1 << 16)
    next(blocks)
    threading.Thread(target=os.truncate, args=(path, 100)).run()
    with pytest.raises(EvidenceError):
        for _ in blocks:
            pass


def test_limits_that_make_no_sense_are_refused(tmp_path) -> None:
    (tmp_path / "incident.yaml").write_text("limits: {files: -1}\n")
    with pytest.raises(EvidenceError, match=r"limits\.files"):
        read_config(tmp_path / "incident.yaml")
