"""Progress as data: engines announce it, whoever runs them decides how it looks.

Deep code calls :func:`track`; nothing is shown unless a listener was installed with
:func:`listening`. The command line installs a terminal bar, a pipe gets plain lines, a
notebook one updated display. Engines thereby stay free of printing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

State = Literal["start", "advance", "end"]


@dataclass(frozen=True, slots=True)
class Step:
    """One announcement: ``done`` of ``total`` units of the task called ``label``.

    ``total`` is ``None`` where the size of the task is not known beforehand.
    """

    label: str
    state: State
    done: int
    total: int | None
    unit: str


Listener = Callable[[Step], None]

_listener: ContextVar[Listener | None] = ContextVar("forensics_progress", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send every announcement made inside the block to ``listener``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class Task:
    """A running task; ``advance`` is cheap and may be called from any thread."""

    def __init__(self, label: str, total: int | None, unit: str, listener: Listener | None) -> None:
        self._label = label
        self._total = total
        self._unit = unit
        self._done = 0
        self._listener = listener

    def advance(self, amount: int = 1) -> None:
        """Count ``amount`` more units as done."""
        self._done += amount
        self._announce("advance")

    def _announce(self, state: State) -> None:
        if self._listener is not None:
            self._listener(Step(self._label, state, self._done, self._total, self._unit))


@contextmanager
def track(label: str, total: int | None = None, *, unit: str = "") -> Iterator[Task]:
    """Announce the start and the end of a task; yield it so that it can be advanced.

    Examples
    --------
    >>> steps = []
    >>> with listening(steps.append), track("hash", total=2, unit="files") as task:
    ...     task.advance()
    >>> [(step.state, step.done) for step in steps]
    [('start', 0), ('advance', 1), ('end', 1)]
    """
    task = Task(label, total, unit, _listener.get())
    task._announce("start")  # noqa: SLF001  # same module, one owner
    try:
        yield task
    finally:
        task._announce("end")  # noqa: SLF001  # same
