"""Take evidence in: hash every file, sniff it, read it, quarantine what can't be read.

No file stops the others. What could not be read, and why, is part of the result.
"""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from forensics.errors import EvidenceError, ForensicsError, UnknownFormatError
from forensics.evidence._store import (
    code_version,
    hash_file,
    load_pick,
    load_reading,
    save_pick,
    save_reading,
)
from forensics.evidence._walk import Found, stamp_of
from forensics.findings import EvidenceFile
from forensics.progress import track
from forensics.readers import Limits, Reader, Reading, Source, find_reader, list_readers

#: Bytes that a heap dump's reading keeps elsewhere: the heap engine has an index of its own.
_HEAP = "heap"
_CHANGED = "changed while it was read: the hash and what was read may differ; copy it when quiet"


@dataclass(frozen=True, slots=True)
class Taken:
    """One file of the evidence: its custody line and, where it could be read, its reading."""

    file: EvidenceFile
    path: Path
    reading: Reading | None = None
    stamp: tuple[int, int] = (0, 0)


def take_in(
    found: Sequence[Found],
    *,
    cache: Path,
    limits: Limits | None = None,
    readers: Mapping[str, str] | None = None,
) -> list[Taken]:
    """Hash and read every file; the order of ``found`` is kept.

    Parameters
    ----------
    found
        What :func:`walk_evidence` listed.
    cache
        Folder where readings are kept by content.
    limits
        What one file may cost.
    readers
        Glob of relative names to the reader to use, from ``incident.yaml``.

    Notes
    -----
    Heap dumps are identified here and analysed later, on demand: their ``reading`` is
    ``None`` and ``file.kind`` is ``"heap"``.
    """
    intake = _Intake(cache, limits or Limits(), readers or {})
    with track("reading evidence", len(found), unit="files") as task:
        hashes = _hash_all(found)
        first_with: dict[str, str] = {}
        taken = []
        for item in found:
            done = intake.take(item, hashes.get(item.path), first_with)
            taken.append(replace(done, stamp=item.stamp))
            task.advance()
    return taken


def _hash_all(found: Sequence[Found]) -> dict[Path, str]:
    """Hash on two threads: hashlib releases the interpreter lock."""

    def one(item: Found) -> tuple[Path, str]:
        try:
            return item.path, hash_file(item.path)
        except OSError:
            return item.path, ""

    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(pool.map(one, [item for item in found if not item.refusal]))


@dataclass(frozen=True, slots=True)
class _Intake:
    cache: Path
    limits: Limits
    readers: Mapping[str, str]

    def take(self, item: Found, sha256: str | None, first_with: dict[str, str]) -> Taken:
        if item.refusal or not sha256:
            why = item.refusal or "can't be opened (it vanished, or may not be read)"
            return Taken(_line(item, "", 0, status="unreadable", why=why), item.path)
        try:
            return self._take_hashed(item, sha256, first_with)
        except OSError as error:
            why = f"vanished or failed while it was read ({error.strerror})"
            return Taken(_line(item, sha256, 0, status="unreadable", why=why), item.path)

    def _take_hashed(self, item: Found, sha256: str, first_with: dict[str, str]) -> Taken:
        size = item.stamp[0]
        if size and sha256 in first_with:
            why = f"same bytes as {first_with[sha256]}"
            return Taken(_line(item, sha256, size, status="duplicate", why=why), item.path)
        first_with[sha256] = item.name
        if not size:
            why = "is empty (0 bytes)"
            return Taken(_line(item, sha256, size, status="unreadable", why=why), item.path)
        source = Source(item.path, item.name, self.limits, self.cache)
        try:
            return self._read(item, source, sha256)
        except UnknownFormatError as error:
            line = _line(item, sha256, size, status="unreadable", why=error.found)
        except EvidenceError as error:
            line = _line(item, sha256, size, status="unreadable", why=_short(error))
        except ForensicsError as error:
            line = _line(item, sha256, size, status="unreadable", why=str(error))
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001  # the boundary of a plug-in: no file stops the others
            why = f"its reader failed ({type(error).__name__}); please report the format"
            line = _line(item, sha256, size, status="unreadable", why=why)
        return Taken(line, item.path)

    def _read(self, item: Found, source: Source, sha256: str) -> Taken:
        wanted = next(
            (reader for glob, reader in self.readers.items() if fnmatch.fnmatch(item.name, glob)),
            None,
        )
        name, reader = self._pick(item, source, sha256, wanted)
        size = item.stamp[0]
        if reader.KIND == _HEAP:
            why = _CHANGED if stamp_of(item.path) != item.stamp else ""
            status = "partly" if why else "read"
            line = _line(item, sha256, size, kind=_HEAP, reader=name, status=status, why=why)
            return Taken(line, item.path)
        store = self.cache / "readings"
        key = hashlib.sha256(f"{sha256}|{item.name}|{name}|{code_version()}".encode()).hexdigest()
        reading = load_reading(store, key)
        if reading is None:
            reading = reader.read(source).check()
            if stamp_of(item.path) == item.stamp:  # else it is no reading of the hashed bytes
                save_reading(store, key, reading)
        why = "" if reading.damage.is_empty() else _damage_text(reading)
        if stamp_of(item.path) != item.stamp:
            why = "; ".join(filter(None, [_CHANGED, why]))
        line = _line(
            item,
            sha256,
            size,
            kind=reading.kind,
            reader=name,
            status="partly" if why else "read",
            why=why,
        )
        return Taken(line, item.path, reading)

    def _pick(
        self, item: Found, source: Source, sha256: str, wanted: str | None
    ) -> tuple[str, Reader]:
        """Choose the reader; an unchanged file need not be shown to all of them again."""
        if wanted is not None:
            return find_reader(source, wanted)
        key = hashlib.sha256(f"{sha256}|{item.name}|{code_version()}".encode()).hexdigest()
        known = load_pick(self.cache / "picks", key)
        if known in {plugin.name for plugin in list_readers() if plugin.module is not None}:
            return find_reader(source, known)
        name, reader = find_reader(source)
        if stamp_of(item.path) == item.stamp:
            save_pick(self.cache / "picks", key, name)
        return name, reader


def _damage_text(reading: Reading) -> str:
    first = reading.damage.row(0, named=True)
    more = reading.damage.height - 1
    place = ""
    if first["line"] is not None:
        place = f"line {first['line']}: "
    elif first["offset"] is not None:
        place = f"byte {first['offset']}: "
    tail = f" (and {more} more)" if more else ""
    return f"{place}{first['what']}; {first['action']}{tail}"


def _short(error: EvidenceError) -> str:
    """Return an error's message without the path, which the evidence list has already."""
    text = str(error)
    _, _, rest = text.partition(": ")
    return rest or text


def _line(  # noqa: PLR0913  # one argument a column of the evidence list
    item: Found,
    sha256: str,
    size_bytes: int,
    *,
    status: str,
    kind: str = "unknown",
    reader: str | None = None,
    why: str = "",
) -> EvidenceFile:
    return EvidenceFile.model_validate(
        {
            "path": item.name,
            "sha256": sha256,
            "bytes": size_bytes,
            "kind": kind,
            "reader": reader,
            "status": status,
            "why": why,
        }
    )
