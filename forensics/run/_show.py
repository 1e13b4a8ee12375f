"""Show progress where people look: a bar in a terminal, plain lines in a pipe.

A notebook gets one display that is updated in place; nothing prints carriage returns
into a log file.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from forensics.errors import UsageError
from forensics.progress import Listener, Step, listening

_QUIET_S: Final = 2.0  #: tasks shorter than this say nothing in a pipe
_EVERY_S: Final = 5.0
_FORMATS: Final = ("auto", "text", "json")


@contextmanager
def shown(*, quiet: bool = False, log_format: str = "auto") -> Iterator[None]:
    """Show the progress of everything inside the block, unless ``quiet``.

    Parameters
    ----------
    quiet
        Say nothing.
    log_format
        ``auto`` is a bar in a terminal and lines in a pipe, ``text`` always lines, ``json``
        one JSON object a line for log collectors.

    Raises
    ------
    UsageError
        If ``log_format`` is none of these.
    """
    if log_format not in _FORMATS:
        raise UsageError(f"--log-format {log_format!r}: allowed are {', '.join(_FORMATS)}")
    if quiet:
        yield
    elif log_format == "json":
        with listening(_json_lines(sys.stderr.write)):
            yield
    elif log_format == "auto" and sys.stderr.isatty():
        with _terminal() as listener, listening(listener):
            yield
    else:
        with listening(_lines(sys.stderr.write)):
            yield


@contextmanager
def _terminal() -> Iterator[Listener]:
    from rich.console import Console  # noqa: PLC0415  # only a terminal pays for it
    from rich.progress import (  # noqa: PLC0415  # same
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TimeElapsedColumn(),
    )
    tasks: dict[str, Any] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:

        def listener(step: Step) -> None:
            if step.label not in tasks:
                tasks[step.label] = bars.add_task(step.label, total=step.total, unit=step.unit)
            bars.update(tasks[step.label], completed=step.done, total=step.total)
            if step.state == "end":
                bars.remove_task(tasks.pop(step.label))

        yield listener


def _lines(write: Callable[[str], Any]) -> Listener:
    """Return a listener that writes a line at most every five seconds a task."""
    started: dict[str, float] = {}
    spoken: dict[str, float] = {}

    def listener(step: Step) -> None:
        now = time.monotonic()
        begun = started.setdefault(step.label, now)
        if step.state == "end":
            if now - begun >= _QUIET_S:
                write(f"{step.label}: done in {now - begun:.1f} s\n")
            started.pop(step.label, None)
            spoken.pop(step.label, None)
        elif now - spoken.get(step.label, begun) >= _EVERY_S:
            spoken[step.label] = now
            of = "" if step.total is None else f" of {step.total}"
            write(f"{step.label}: {step.done}{of} {step.unit}\n".replace(" \n", "\n"))

    return listener


def _json_lines(write: Callable[[str], Any]) -> Listener:
    """Return a listener that writes a JSON object when a task starts, goes on and ends."""
    spoken: dict[str, float] = {}

    def listener(step: Step) -> None:
        now = time.monotonic()
        if step.state == "advance" and now - spoken.get(step.label, now) < _EVERY_S:
            spoken.setdefault(step.label, now)
            return
        spoken[step.label] = now
        record = {
            "time": datetime.now(UTC),
            "level": "INFO",
            "message": step.label,
            "state": step.state,
            "done": step.done,
            "total": step.total,
            "unit": step.unit,
        }
        write(orjson.dumps(record, option=orjson.OPT_UTC_Z).decode() + "\n")

    return listener
