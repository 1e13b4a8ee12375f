"""List what an evidence folder holds, and refuse what must not be opened.

A link out of the folder could make the report quote any file of the machine; a FIFO or
device would hang the run; a sparse file of a few kilobytes on disk can be terabytes long.
All are listed, none is opened.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from forensics.config import FILE_NAME
from forensics.errors import EvidenceError, EvidenceTooLargeError
from forensics.readers import Limits

_BLOCK_BYTES: Final = 512  #: unit of st_blocks (POSIX)


@dataclass(frozen=True, slots=True)
class Found:
    r"""One directory entry: ``refusal`` says why it must not be opened ('' where it may).

    ``name`` is the path below the evidence folder; bytes that are no UTF-8 stand as ``\xff``.
    ``stamp`` is size and time of change when it was listed.
    """

    path: Path
    name: str
    refusal: str = ""
    stamp: tuple[int, int] = (0, 0)


def stamp_of(path: Path) -> tuple[int, int]:
    """Return size and time of last change (ns) of a file; zeros where it has vanished."""
    try:
        state = path.stat()
    except OSError:
        return (0, 0)
    return (state.st_size, state.st_mtime_ns)


def walk_evidence(
    root: Path, ignore: Sequence[str] = (), limits: Limits | None = None
) -> list[Found]:
    """List the files below ``root`` in the order of their names.

    Parameters
    ----------
    root
        The evidence folder, or a single file.
    ignore
        Glob patterns of relative names to leave out.
    limits
        How many files there may be, and how sparse one may be.

    Raises
    ------
    EvidenceError
        If ``root`` does not exist, can't be listed, or holds no file.
    EvidenceTooLargeError
        If there are more files than ``limits.files``.
    """
    limits = limits or Limits()
    if root.is_file():
        return [_found(root, root.parent, root.resolve().parent, limits)]
    if not root.is_dir():
        raise EvidenceError(root, "does not exist", way_out="give the folder of the evidence")
    found: list[Found] = []
    for item in _iter_entries(root, limits):
        if item.name != FILE_NAME and not any(fnmatch.fnmatch(item.name, p) for p in ignore):
            found.append(item)
        if len(found) > limits.files:
            raise EvidenceTooLargeError(
                root,
                f"holds more than {limits.files:,} files",
                way_out="raise limits.files in incident.yaml, or split the folder",
            )
    if not found:
        raise EvidenceError(root, "holds no files", way_out="give the folder of the evidence")
    return sorted(found, key=lambda item: item.name)


def _iter_entries(root: Path, limits: Limits) -> Iterator[Found]:
    """Yield every entry below ``root``; links to folders are not followed."""
    unlisted: list[OSError] = []
    real_root = root.resolve()
    for folder, folders, files in os.walk(root, onerror=unlisted.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            yield _found(Path(folder) / name, root, real_root, limits)
    for error in unlisted:
        path = Path(os.fsdecode(error.filename))
        if path == root:
            raise EvidenceError(
                root, f"can't be listed ({error.strerror})", way_out="check permissions"
            ) from error
        name = f"{_shown(str(path.relative_to(root)))}/"
        yield Found(path, name, f"folder that can't be listed ({error.strerror})")


def _found(path: Path, root: Path, real_root: Path, limits: Limits) -> Found:
    name = _shown(str(path.relative_to(root)))
    return Found(path, name, _refusal(path, real_root, limits), stamp_of(path))


def _shown(name: str) -> str:
    r"""Return a name that every output can hold: stray bytes of it stand as ``\xff``."""
    return os.fsencode(name).decode("utf-8", errors="backslashreplace")


def _refusal(path: Path, real_root: Path, limits: Limits) -> str:
    if path.name.startswith("."):
        return "hidden file, not read"
    try:
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(real_root):
            return "link that leaves the evidence folder, not followed"
        state = path.stat()
    except (OSError, RuntimeError) as error:
        return f"can't be opened ({getattr(error, 'strerror', None) or 'link loop'})"
    if not stat.S_ISREG(state.st_mode):
        return "no regular file (pipe, socket or device), not opened"
    stored = getattr(state, "st_blocks", state.st_size) * _BLOCK_BYTES
    if state.st_size > max(limits.free_bytes, int(limits.ratio * stored)):
        return (
            f"sparse file: {state.st_size:,} bytes long with {stored:,} on disk, not read; if it "
            "is sound, raise limits.ratio in incident.yaml"
        )
    return "" if os.access(path, os.R_OK) else "may not be read (permissions)"
