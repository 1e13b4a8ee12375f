"""Keep what was read, by content, so that a second look costs no parsing.

A reading is stored as Parquet and JSON under the SHA-256 of the file and the version of
the package. Nothing in the store is executable, and a torn entry is simply read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

import orjson
import polars as pl

from forensics._version import __version__
from forensics.readers import Reading, open_evidence

_META: Final = "reading.json"
_BLOCK_BYTES: Final = 4 << 20


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hexadecimal text."""
    digest = hashlib.sha256()
    with open_evidence(path) as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


@lru_cache(maxsize=1)
def code_version() -> str:
    """Return the version, plus a digest of the readers' source so that edits are noticed."""
    digest = hashlib.sha256(__version__.encode())
    folder = Path(__file__).parents[1] / "readers"
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.read_bytes())
    return f"{__version__}-{digest.hexdigest()[:12]}"


def load_reading(store: Path, key: str) -> Reading | None:
    """Return the stored reading, or ``None`` where there is none or it is torn."""
    folder = store / key
    try:
        meta = orjson.loads((folder / _META).read_bytes())
        tables = {name: pl.scan_parquet(folder / f"{name}.parquet") for name in meta["tables"]}
        damage = pl.read_parquet(folder / "_damage.parquet")
        return Reading(
            reader=meta["reader"],
            kind=meta["kind"],
            tables=tables,
            damage=damage,
            counts=meta["counts"],
            notes=tuple(meta["notes"]),
            details=meta["details"],
        )
    except (OSError, orjson.JSONDecodeError, KeyError, pl.exceptions.PolarsError):
        return None


def save_reading(store: Path, key: str, reading: Reading) -> None:
    """Store a reading; a reader of the store sees all of it or nothing."""
    store.mkdir(parents=True, exist_ok=True, mode=0o700)  # readings are evidence, secrets included
    draft = Path(tempfile.mkdtemp(prefix=f".{key[:16]}-", dir=store))
    try:
        for name, frame in reading.tables.items():
            target = draft / f"{name}.parquet"
            if isinstance(frame, pl.LazyFrame):
                frame.sink_parquet(target)
            else:
                frame.write_parquet(target)
        reading.damage.write_parquet(draft / "_damage.parquet")
        meta = {
            "reader": reading.reader,
            "kind": reading.kind,
            "tables": sorted(reading.tables),
            "counts": dict(reading.counts),
            "notes": list(reading.notes),
            "details": dict(reading.details),
        }
        (draft / _META).write_bytes(orjson.dumps(meta))
        _put(draft, store / key, is_sound=lambda: load_reading(store, key) is not None)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _put(draft: Path, place: Path, *, is_sound: Callable[[], bool]) -> None:
    """Move a folder to its place; a sound one there stays, as another process may read it."""
    try:
        draft.rename(place)
    except OSError:
        if is_sound():
            shutil.rmtree(draft, ignore_errors=True)
            return
        shutil.rmtree(place, ignore_errors=True)
        draft.rename(place)


def load_pick(store: Path, key: str) -> str | None:
    """Return the name of the reader that was chosen for a file, ``None`` where none is kept."""
    try:
        return (store / key).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def save_pick(store: Path, key: str, name: str) -> None:
    """Keep the name of the reader that was chosen; what can't be kept is chosen again."""
    with contextlib.suppress(OSError):
        store.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = Path(tempfile.mkdtemp(prefix=f".{key[:16]}-", dir=store)) / key
        draft.write_text(name, encoding="utf-8")
        draft.replace(store / key)
        draft.parent.rmdir()
