"""JupyterLab extras: tables with units, ``%%sql`` over evidence, ``%heap``, an explorer of heaps.

``%load_ext forensics`` turns them on. Everything shown is escaped and redacted, and has a form
without JavaScript, so that an executed notebook still reads well in a report or on GitHub.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forensics.jupyter._show import human_frame

if TYPE_CHECKING:
    from forensics.heap.graph import HeapGraph
    from forensics.jupyter.explorer import HeapExplorer

__all__ = ["explore", "human_frame", "load", "unload"]


def explore(graph: HeapGraph) -> HeapExplorer:
    """Return an explorer of the dominator tree of ``graph``, to be shown in a notebook.

    Only what is opened is read: a heap of 100 million objects opens as fast as a small one.
    """
    from forensics.jupyter.explorer import HeapExplorer  # noqa: PLC0415  # loads ipywidgets

    return HeapExplorer(graph)


def load(shell: Any) -> None:
    """Register magics, rich displays and completion with an IPython shell."""
    from forensics.jupyter import _completion, _magics, _reprs  # noqa: PLC0415  # load IPython

    _reprs.register(shell)
    _magics.register(shell)
    _completion.register(shell)


def unload(shell: Any) -> None:
    """Take back what ``load`` registered, but for the magics, which IPython keeps."""
    from forensics.jupyter import _completion, _reprs  # noqa: PLC0415  # load IPython

    _reprs.unregister(shell)
    _completion.unregister(shell)
