"""Evidence and reports on ``s3://``, ``gs://`` and ``az://``, through fsspec.

Evidence is fetched into a folder of ours before anything reads it; a report is made here and
uploaded when it is whole, ``findings.json`` last: whoever polls for that file finds the rest.
Credentials are those of the provider's own environment variables.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from forensics.errors import EvidenceError, UnsupportedError, UsageError
from forensics.progress import track

SCHEMES: Final = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
_LAST: Final = "findings.json"


def is_remote(place: str | Path) -> bool:
    """Say whether ``place`` is an address in a store rather than a path."""
    return str(place).partition("://")[0] in SCHEMES and "://" in str(place)


@contextmanager
def local_evidence(place: str) -> Iterator[Path]:
    """Yield a local folder with the evidence at ``place``; what was fetched goes afterwards.

    The folder has the name of the last part of the address, so that reports from the store
    and from disk say the same. A local path is yielded as it is.

    Raises
    ------
    EvidenceError
        If there is nothing at the address, it can't be reached, or a name in it would leave
        the folder.
    UnsupportedError
        If the library for this store isn't installed.
    """
    if not is_remote(place):
        yield Path(place)
        return
    store, root = _open_store(place)
    holder = Path(tempfile.mkdtemp(prefix="forensics-"))
    try:
        folder = holder / (PurePosixPath(root).name or "evidence")
        folder.mkdir()
        _fetch(store, root, folder, place=place)
        yield folder
    finally:
        shutil.rmtree(holder, ignore_errors=True)


@contextmanager
def local_report(place: str) -> Iterator[Path]:
    """Yield a local path for a report; upload it to ``place`` when the block ends well.

    What annotated prose the last report holds is fetched first, so that a re-run keeps it.
    A local path is yielded as it is.

    Raises
    ------
    UsageError
        If the report can't be written there.
    UnsupportedError
        If the library for this store isn't installed.
    """
    if not is_remote(place):
        yield Path(place)
        return
    store, root = _open_store(place)
    holder = Path(tempfile.mkdtemp(prefix="forensics-"))
    try:
        folder = holder / (PurePosixPath(root).name or "report")
        _fetch_previous(store, root, folder)
        yield folder
        if (folder / _LAST).is_file():
            _upload(store, folder, root, place=place)
    finally:
        shutil.rmtree(holder, ignore_errors=True)


def _open_store(place: str) -> tuple[Any, str]:
    import fsspec  # noqa: PLC0415  # only remote runs pay for it

    scheme = urlsplit(place).scheme
    if urlsplit(place).password:
        raise UsageError("the address carries a password; use the provider's environment variables")
    try:
        store, root = fsspec.core.url_to_fs(place)
    except ImportError as error:
        raise UnsupportedError(
            f"{scheme}:// needs the library {SCHEMES[scheme]}: pip install {SCHEMES[scheme]}"
        ) from error
    return store, str(root).rstrip("/")


def _fetch(store: Any, root: str, folder: Path, *, place: str) -> None:
    try:
        names = sorted(store.find(root))
        if not names:
            raise EvidenceError(place, "holds no files", way_out="check bucket and prefix")
        with track("fetching evidence", len(names), unit="files") as task:
            for name in names:
                relative = name.removeprefix(root).lstrip("/") or PurePosixPath(name).name
                store.get_file(name, str(_target(folder, relative, place)))
                task.advance()
    except OSError as error:
        raise EvidenceError(
            place, f"can't be fetched ({error.strerror or error})", way_out="check the credentials"
        ) from error


def _target(folder: Path, relative: str, place: str) -> Path:
    parts = PurePosixPath(relative).parts
    if ".." in parts or "" in parts or PurePosixPath(relative).is_absolute():
        raise EvidenceError(place, f"the name {relative!r} would leave the folder")
    path = folder.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _fetch_previous(store: Any, root: str, folder: Path) -> None:
    """Fetch what a re-run keeps; refuse a prefix with files that no report left."""
    if not store.exists(f"{root}/{_LAST}"):
        if store.exists(root) and store.find(root):
            raise UsageError(f"{root}: holds files that are no report; choose an empty prefix")
        return
    folder.mkdir()
    for name in ("postmortem.md", _LAST):
        if store.exists(f"{root}/{name}"):
            store.get_file(f"{root}/{name}", str(folder / name))


def _upload(store: Any, folder: Path, root: str, *, place: str) -> None:
    """Upload all files, the marker last, and then remove what this report doesn't have."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    files.sort(key=lambda path: path.name == _LAST)
    try:
        before = set(store.find(root)) if store.exists(root) else set()
        wanted = [f"{root}/{path.relative_to(folder).as_posix()}" for path in files]
        with track("uploading the report", len(files), unit="files") as task:
            for path, name in zip(files, wanted, strict=True):
                store.put_file(str(path), name)
                task.advance()
        stale = sorted(before - set(wanted))
        if stale:
            store.rm(stale)
    except OSError as error:
        raise UsageError(
            f"{place}: can't be written ({error.strerror or error}); check the credentials"
        ) from error
