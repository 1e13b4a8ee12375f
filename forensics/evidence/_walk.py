"""List what an evidence folder holds, and refuse what must not be opened.

A link out of the folder could make the report quote any file of the machine; a FIFO or
device would hang the run. Both are listed, neither is opened.
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

MAX_FILES: Final = 100_000


@dataclass(frozen=True, slots=True)
class Found:
    """One directory entry: ``refusal`` says why it must not be opened ('' where it may)."""

    path: Path
    name: str
    refusal: str = ""


def walk_evidence(root: Path, ignore: Sequence[str] = ()) -> list[Found]:
    """List the files below ``root`` in the order of their names.

    Parameters
    ----------
    root
        The evidence folder, or a single file.
    ignore
        Glob patterns of relative names to leave out.

    Raises
    ------
    EvidenceError
        If ``root`` does not exist, can't be listed, or holds no file.
    EvidenceTooLargeError
        If there are more than 100 000 files.
    """
    if root.is_file():
        return [Found(root, root.name)]
    if not root.is_dir():
        raise EvidenceError(root, "does not exist", way_out="give the folder of the evidence")
    found: list[Found] = []
    for item in _iter_entries(root, root.resolve()):
        if item.name != FILE_NAME and not any(fnmatch.fnmatch(item.name, p) for p in ignore):
            found.append(item)
        if len(found) > MAX_FILES:
            raise EvidenceTooLargeError(
                root, f"holds more than {MAX_FILES:,} files", way_out="split the folder"
            )
    if not found:
        raise EvidenceError(root, "holds no files", way_out="give the folder of the evidence")
    return sorted(found, key=lambda item: item.name)


def _iter_entries(root: Path, real_root: Path) -> Iterator[Found]:
    """Yield every entry below ``root``; links to folders are not followed."""
    for folder, folders, files in os.walk(root, onerror=_raise_unlisted):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            path = Path(folder) / name
            relative = str(path.relative_to(root))
            yield Found(path, relative, _refusal(path, real_root))


def _refusal(path: Path, real_root: Path) -> str:
    if path.name.startswith("."):
        return "hidden file, not read"
    try:
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(real_root):
            return "link that leaves the evidence folder, not followed"
        mode = path.stat().st_mode
    except (OSError, RuntimeError) as error:
        return f"can't be opened ({getattr(error, 'strerror', None) or 'link loop'})"
    if not stat.S_ISREG(mode):
        return "no regular file (pipe, socket or device), not opened"
    return "" if os.access(path, os.R_OK) else "may not be read (permissions)"


def _raise_unlisted(error: OSError) -> None:
    raise EvidenceError(
        error.filename or "", f"can't be listed ({error.strerror})", way_out="check permissions"
    ) from error
