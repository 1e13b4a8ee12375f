"""Every reader, found as the package finds it, keeps the contract on every sample."""

from __future__ import annotations

import gzip
import random
from pathlib import Path

import polars as pl
import pytest

from forensics.errors import EvidenceError
from forensics.readers import Head, Match, Source, find_reader, list_readers, read_file, sniff_file
from forensics.readers._contract import REQUIRED

SAMPLES = Path(__file__).parents[1] / "samples"
KINDS = ("heap", "metrics", "logs", "changes")
READERS = [plugin for plugin in list_readers() if plugin.module is not None]


def samples_of(kind: str, name: str) -> list[Path]:
    folder = SAMPLES / kind / name
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "ORIGIN.md")


ALL = [
    (kind, folder.name, path)
    for kind in KINDS
    if (SAMPLES / kind).is_dir()
    for folder in sorted((SAMPLES / kind).iterdir())
    if folder.is_dir()
    for path in samples_of(kind, folder.name)
]
IDS = [f"{kind}/{name}/{path.name}" for kind, name, path in ALL]


@pytest.mark.parametrize("plugin", READERS, ids=lambda plugin: plugin.name)
def test_a_reader_defines_what_the_contract_asks_for(plugin) -> None:
    assert all(hasattr(plugin.module, name) for name in REQUIRED)
    assert plugin.folder.endswith(plugin.module.KIND)
    assert plugin.module.TITLE


@pytest.mark.parametrize("plugin", READERS, ids=lambda plugin: plugin.name)
def test_a_reader_has_a_sample_with_its_origin(plugin) -> None:
    folder = SAMPLES / plugin.module.KIND / plugin.name
    assert samples_of(plugin.module.KIND, plugin.name), f"no sample in {folder}"
    assert (folder / "ORIGIN.md").is_file(), f"{folder} doesn't say where its samples come from"


def test_reader_names_are_unique_over_all_folders() -> None:
    names = [plugin.name for plugin in list_readers()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(("name", "path"), [case[1:] for case in ALL], ids=IDS)
def test_each_sample_is_claimed_by_exactly_its_own_reader(name, path) -> None:
    answers = sniff_file(Source(path))
    best = [reader for reader, match in answers.items() if match is max(answers.values())]
    assert best == [name], f"claims: { {k: v.name for k, v in answers.items()} }"


@pytest.mark.parametrize(("kind", "path"), [(kind, path) for kind, _, path in ALL], ids=IDS)
def test_each_sample_is_read_to_tables_that_meet_their_schemas(kind, path) -> None:
    reading = read_file(path)
    assert reading.check().kind == kind
    if not path.name.startswith(("truncated", "corrupt", "broken", "torn", "damaged")):
        assert reading.damage.is_empty(), reading.damage.to_dicts()


@pytest.mark.parametrize(("name", "path"), [case[1:] for case in ALL], ids=IDS)
def test_a_sample_cut_anywhere_gives_a_reading_or_an_evidence_error(name, path, tmp_path) -> None:
    data = path.read_bytes()
    chance = random.Random(path.name)
    cuts = sorted({chance.randrange(len(data)) for _ in range(4)}) if data else []
    module = find_reader(Source(path), name)[1]
    for cut in cuts:
        target = tmp_path / path.name
        target.write_bytes(data[:cut])
        survive(module, target)


@pytest.mark.parametrize(("name", "path"), [case[1:] for case in ALL], ids=IDS)
def test_a_sample_with_flipped_bytes_gives_a_reading_or_an_error(name, path, tmp_path) -> None:
    data = bytearray(path.read_bytes())
    chance = random.Random(path.name)
    module = find_reader(Source(path), name)[1]
    for _ in range(3):
        torn = bytearray(data)
        for _ in range(8):
            torn[chance.randrange(len(torn))] = chance.randrange(256)
        target = tmp_path / path.name
        target.write_bytes(torn)
        survive(module, target)


@pytest.mark.parametrize("plugin", READERS, ids=lambda plugin: plugin.name)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x00" * 5000, id="zeros"),
        pytest.param(bytes(range(256)) * 20, id="all bytes"),
        pytest.param(b"[" * 100_000, id="deep brackets"),
        pytest.param(b'{"a":' * 50_000, id="deep objects"),
        pytest.param(b"x" * 200_000, id="one long line"),
        pytest.param(b"\xff\xfe\xfa" * 1000, id="no text"),
    ],
)
def test_garbage_gives_a_reading_or_an_evidence_error(plugin, data, tmp_path) -> None:
    target = tmp_path / "garbage.bin"
    target.write_bytes(data)
    survive(plugin.module, target)


@pytest.mark.parametrize("plugin", READERS, ids=lambda plugin: plugin.name)
def test_a_packed_sample_reads_as_the_plain_one(plugin, tmp_path) -> None:
    plain = [
        p for p in samples_of(plugin.module.KIND, plugin.name) if p.suffix not in {".gz", ".zst"}
    ]
    if not plain or plugin.module.KIND == "heap":
        pytest.skip("only packed samples, or a heap (tested with the engine)")
    packed = tmp_path / (plain[0].name + ".gz")
    packed.write_bytes(gzip.compress(plain[0].read_bytes()))
    source = Source(plain[0], "x")
    first = plugin.module.read(source)
    second = plugin.module.read(Source(packed, "x"))
    assert dict(first.counts) == dict(second.counts)
    for name in first.tables:
        one, other = first.table(name), second.table(name)
        shared = [c for c in one.columns if c not in {"source", "raw_ref"}]
        assert one.select(shared).equals(other.select(shared)), name


def survive(module, path: Path) -> None:
    """Read; only typed errors are allowed, and a partial result must meet its schemas."""
    try:
        reading = module.read(Source(path))
    except EvidenceError as error:
        if path.name not in str(error):
            pytest.fail(f"the error doesn't name the file: {error}")
        return
    reading.check()
    for frame in reading.tables.values():
        assert isinstance(frame, pl.DataFrame | pl.LazyFrame)
        if isinstance(frame, pl.LazyFrame):
            frame.collect()


def test_no_reader_claims_an_unknown_binary() -> None:
    for plugin in READERS:
        assert plugin.module.sniff(Head("a.bin", bytes(range(1, 256)) * 4)) is Match.NO, plugin.name
