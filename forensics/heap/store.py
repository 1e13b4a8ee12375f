"""The index on disk: one folder of plain arrays, mapped on reopening.

Written to a temporary sibling and renamed, so that a killed process leaves no half index.
Each array's size, type and ends are checked on reopening; a mismatch means "build again".
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

#: Raise when arrays or facts change their meaning.
VERSION: Final = 1
_FACTS: Final = "facts.json"
_SAMPLE: Final = 1 << 16

Arrays = Mapping[str, NDArray[Any]]


def default_cache() -> Path:
    """Return where indexes go: ``FORENSICS_CACHE``, else the user's cache folder.

    Never beside the evidence.
    """
    named = os.environ.get("FORENSICS_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "forensics"


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


def save_index(folder: Path, arrays: Arrays, facts: Mapping[str, Any]) -> None:
    """Write an index, replacing what is there.

    Raises
    ------
    OSError
        If the cache can't be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        checks = {}
        for name, array in arrays.items():
            with (building / f"{name}.bin").open("wb") as stream:
                np.ascontiguousarray(array).tofile(stream)
            checks[name] = {
                "dtype": array.dtype.str,
                "shape": list(array.shape),
                "ends": _ends(building / f"{name}.bin"),
            }
        body = orjson.dumps({"version": VERSION, "arrays": checks, "facts": facts})
        digest = hashlib.sha256(body).hexdigest().encode()
        (building / _FACTS).write_bytes(digest + b"\n" + body)
        shutil.rmtree(folder, ignore_errors=True)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


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
            if expected:
                arrays[name] = np.memmap(path, dtype, "r", shape=shape).view(np.ndarray)
            else:
                arrays[name] = np.empty(shape, dtype)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return arrays, content["facts"]


def _ends(path: Path) -> str:
    """Return a hash of the first and last 4 KiB of a file."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        digest = hashlib.sha256(stream.read(4096))
        stream.seek(max(size - 4096, 0))
        digest.update(stream.read(4096))
    return digest.hexdigest()[:16]
