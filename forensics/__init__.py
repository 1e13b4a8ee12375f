"""Heap dumps, metrics and logs of a production incident in; a checked postmortem out.

``open_heap`` and ``open_case`` are loaded on first use, so that importing the package
costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forensics._version import __version__

if TYPE_CHECKING:
    from forensics.evidence import open_case
    from forensics.readers.heap import open_heap

__all__ = ["__version__", "open_case", "open_heap"]

_LAZY = {"open_heap": "forensics.readers.heap", "open_case": "forensics.evidence"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        from importlib import import_module  # noqa: PLC0415  # the point is to import late

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """Turn on the extras of ``forensics.jupyter``: called by ``%load_ext forensics``."""
    from forensics.jupyter import load  # noqa: PLC0415  # the point is to import late

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Turn the extras off: called by ``%unload_ext forensics``."""
    from forensics.jupyter import unload  # noqa: PLC0415  # same

    unload(shell)
