"""The index on disk: one folder of plain arrays, mapped on reopening.

Written to a temporary sibling and renamed, so that a killed process leaves no half index.
Each array's size, type and ends are checked on reopening; a mismatch means "build again".
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import orjson
from numpy.typing import NDArray

#: Raise when arrays or facts change their meaning.
VERSION: Final = 2
_FACTS: Final = "facts.json"
_SAMPLE: Final = 1 << 16


def fingerprint(path: Path) -> str:
    """Return a hash of a file's size and of 1 MiB in 64 KiB blocks spread over it.

    Reads at most 1 MiB whatever the size. It tells versions of a file apart; custody has
    the full hash.
    """
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as stream:
        for at in sorted({int(x) for x in np.linspace(0, max(size - _SAMPLE, 0), 16)}):
            stream.seek(at)
            digest.update(stream.read(_SAMPLE))
    return digest.hexdigest()[:32]


class IndexWriter:
    """Takes arrays as they get ready, so that what only the answer needs is out of memory.

    With a folder, ``keep`` writes an array and returns it mapped; without, it stays in memory.
    Use as a context manager: leaving it without ``finish`` removes what was written.

    Raises
    ------
    OSError
        If the cache can't be written.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._arrays: dict[str, NDArray[Any]] = {}
        self._checks: dict[str, dict[str, Any]] = {}
        self._building: Path | None = None
        if folder is not None:
            folder.parent.mkdir(parents=True, exist_ok=True)
            self._building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._building is not None:
            shutil.rmtree(self._building, ignore_errors=True)

    def keep(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        """Store an array under a name and return it, mapped read-only where possible."""
        if self._building is not None:
            path = self._building / f"{name}.bin"
            with path.open("wb") as stream:
                np.ascontiguousarray(array).tofile(stream)
            check = {"dtype": array.dtype.str, "shape": list(array.shape), "ends": _ends(path)}
            self._checks[name] = check
            array = _map(path, array.dtype, array.shape)
        self._arrays[name] = array
        return array

    @property
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """What was kept so far, by name."""
        return self._arrays

    def finish(self, facts: Mapping[str, Any]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Put the index in place of any old one; return its arrays, mapped, and facts."""
        if self._building is not None and self._folder is not None:
            body = orjson.dumps({"version": VERSION, "arrays": self._checks, "facts": facts})
            digest = hashlib.sha256(body).hexdigest().encode()
            (self._building / _FACTS).write_bytes(digest + b"\n" + body)
            shutil.rmtree(self._folder, ignore_errors=True)
            try:
                self._building.rename(self._folder)
            except OSError:
                if load_index(self._folder) is None:
                    raise
                # else: another process has put the index of the same dump there meanwhile
        return self._arrays, dict(facts)


def load_index(folder: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
    """Return mapped arrays and facts, or None if there is no sound index."""
    try:
        digest, body = (folder / _FACTS).read_bytes().split(b"\n", 1)
        if hashlib.sha256(body).hexdigest().encode() != digest:
            return None
        content = orjson.loads(body)
        if content["version"] != VERSION:
            return None
        arrays: dict[str, NDArray[Any]] = {}
        for name, check in content["arrays"].items():
            path = folder / f"{name}.bin"
            dtype, shape = np.dtype(check["dtype"]), tuple(check["shape"])
            expected = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
            if path.stat().st_size != expected or _ends(path) != check["ends"]:
                return None
            arrays[name] = _map(path, dtype, shape)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return arrays, content["facts"]


def _map(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if 0 in shape:
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, "r", shape=shape).view(np.ndarray)


def _ends(path: Path) -> str:
    """Return a hash of the first and last 4 KiB of a file."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        digest = hashlib.sha256(stream.read(4096))
        stream.seek(max(size - 4096, 0))
        digest.update(stream.read(4096))
    return digest.hexdigest()[:16]
