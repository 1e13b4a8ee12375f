"""A run folder appears whole or not at all, and one run writes it at a time.

A run works in a hidden sibling and swaps it in at the end. On Linux the swap is one
system call (``renameat2`` with ``RENAME_EXCHANGE``), elsewhere two renames, of which the
next run finishes what a kill interrupted.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from forensics.errors import UsageError

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_MARKER: Final = "findings.json"


@contextmanager
def draft_folder(out: Path) -> Iterator[Path]:
    """Yield a hidden sibling of ``out``; swap it in when the block ends without an error.

    Raises
    ------
    UsageError
        If another run is writing ``out``, if ``out`` is a folder that no run made, or if
        its parent can't be written.
    """
    out = out.resolve()
    _check_target(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        lock = (out.parent / f".{out.name}.lock").open("w")
    except OSError as error:
        raise UsageError(
            f"{out}: can't be written ({error.strerror}); choose another --out"
        ) from error
    with lock:
        _lock(lock.fileno(), out)
        _recover(out)
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}.draft-", dir=out.parent))
        try:
            draft.chmod(0o755)
            yield draft
            _swap(draft, out)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _check_target(out: Path) -> None:
    if out.is_file():
        raise UsageError(f"{out}: is a file; choose a folder for --out")
    if out.is_dir() and any(out.iterdir()) and not (out / _MARKER).exists():
        raise UsageError(
            f"{out}: holds files that are no report; choose an empty or new folder for --out"
        )


def _lock(descriptor: int, out: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise UsageError(
            f"{out}: another run is writing it; wait for it or choose another --out"
        ) from error


def _recover(out: Path) -> None:
    """Clear what a killed run left: its draft, and a half-done swap."""
    old = out.parent / f".{out.name}.old"
    if old.exists() and not out.exists():
        old.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    for draft in out.parent.glob(f".{out.name}.draft-*"):
        shutil.rmtree(draft, ignore_errors=True)


def _swap(draft: Path, out: Path) -> None:
    if not out.exists():
        draft.rename(out)
    elif not _exchange(draft, out):
        old = out.parent / f".{out.name}.old"
        out.rename(old)
        draft.rename(out)
        shutil.rmtree(old, ignore_errors=True)


def _exchange(first: Path, second: Path) -> bool:
    """Swap two folders in one step; ``False`` where the system can't."""
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:
        return False
    done: int = renameat2(
        _AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE
    )
    if done == 0:
        return True
    if ctypes.get_errno() in {errno.ENOSYS, errno.EINVAL}:
        return False
    code = ctypes.get_errno()
    raise OSError(code, os.strerror(code), str(second))
