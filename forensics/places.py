"""Where derived files go: indexes of dumps, stored readings; never beside the evidence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

__all__ = ["CACHE_VARIABLE", "default_cache"]

CACHE_VARIABLE: Final = "FORENSICS_CACHE"


def default_cache() -> Path:
    """Return the folder for derived files: ``FORENSICS_CACHE``, else the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "forensics"
