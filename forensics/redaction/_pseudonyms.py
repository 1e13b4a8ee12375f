"""Pseudonyms of secrets, and the key that keeps them from being guessed.

A card number or a weak password has so few possible values that a hash with a known key can
be tried through. So the key is random, made once a user, and never part of a report.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Final

KEY_VARIABLE: Final = "FORENSICS_PSEUDONYM_KEY"
_FILE: Final = "forensics/pseudonym.key"
_DIGITS: Final = 6


def pseudonym(kind: str, secret: str) -> str:
    """Return ``[kind#xxxxxx]``: stable for one secret and one key.

    24 bits of a keyed hash. The key is ``FORENSICS_PSEUDONYM_KEY``; without it, a random
    one that is made at first use and kept in the user's configuration folder.
    """
    chosen = os.environ.get(KEY_VARIABLE)
    key = chosen.encode() if chosen else _own_key()
    digest = hmac.new(key, f"{kind}:{secret}".encode(errors="replace"), hashlib.sha256).hexdigest()
    return f"[{kind}#{digest[:_DIGITS]}]"


@lru_cache(maxsize=1)
def _own_key() -> bytes:
    """Read the user's key, or make it; where no file can be kept, make one for this run."""
    base = os.environ.get("XDG_CONFIG_HOME")
    try:
        path = (Path(base) if base else Path.home() / ".config") / _FILE
        if not path.exists():
            _make(path)
        key = path.read_bytes().strip()
    except (OSError, RuntimeError):
        key = b""
    if not key:
        text = secrets.token_hex(32)
        os.environ[KEY_VARIABLE] = text  # notebooks run in processes of their own
        key = text.encode()
    return key


def _make(path: Path) -> None:
    """Write a key that others can't read; of two processes at once, one wins for both."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:  # noqa: PTH123  # the mode is set as it is made
        stream.write(secrets.token_hex(32) + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
