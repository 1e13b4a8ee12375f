"""Write what a live system answers into an evidence folder, file by file, and resume.

A file appears whole or not at all. The record beside the folder (``NAME.collect.json``) says
for each file when it was fetched, its SHA-256, or why there is none; a second run with the
same target and window fetches only what is missing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Final, Literal

from forensics.collect._client import Client
from forensics.errors import EvidenceError, ForensicsError, UsageError
from forensics.plugins import Plugin, find_plugins
from forensics.progress import track

FOLDER: Final = "forensics.collect"
REQUIRED: Final = ("TITLE", "collect")
_SPAN: Final = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|min|m|h|d)$")
_SECONDS: Final = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class Window:
    """The time span to collect; both ends aware, ``step_s`` seconds between samples."""

    start: datetime
    end: datetime
    step_s: float = 15.0


@dataclass(frozen=True, slots=True)
class Access:
    """How a target may be asked."""

    timeout_s: float = 30.0
    requests_per_s: float = 5.0
    attempts: int = 4


@dataclass(frozen=True, slots=True)
class Collected:
    """What became of one file."""

    name: str
    status: Literal["saved", "kept", "failed"]
    bytes: int = 0
    sha256: str = ""
    fetched_at: str = ""
    why: str = ""


@dataclass
class Snapshot:
    """An evidence folder in the making."""

    folder: Path
    key: str
    access: Access = field(default_factory=Access)
    files: list[Collected] = field(default_factory=list)
    _before: dict[str, Collected] = field(default_factory=dict)

    def client(self, target: str) -> Client:
        """Return an HTTP client of ``target`` with this run's time-out, rate and attempts."""
        return Client(
            target,
            timeout_s=self.access.timeout_s,
            requests_per_s=self.access.requests_per_s,
            attempts=self.access.attempts,
        )

    def save(self, name: str, fetch: Callable[[], bytes]) -> None:
        """Write what ``fetch`` returns as ``name``, unless an earlier run left it whole.

        An error of ``fetch`` is recorded and doesn't stop the other files. An empty answer
        leaves no file, and is recorded.
        """
        path = self.folder / _safe(name)
        before = self._before.get(name)
        if before is not None and path.is_file() and _hash(path.read_bytes()) == before.sha256:
            self._add(Collected(name, "kept", before.bytes, before.sha256, before.fetched_at))
            return
        now = datetime.now(UTC).isoformat(timespec="seconds")
        try:
            body = fetch()
        except ForensicsError as error:
            self._add(Collected(name, "failed", fetched_at=now, why=str(error)))
            return
        if not body:
            self._add(Collected(name, "failed", fetched_at=now, why="the answer was empty"))
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(body)
        part.replace(path)
        self._add(Collected(name, "saved", len(body), _hash(body), now))

    def _add(self, file: Collected) -> None:
        self.files.append(file)
        self._write_record()

    @property
    def record(self) -> Path:
        """Where the record lies: beside the folder, for it is no evidence."""
        return self.folder.with_name(f"{self.folder.name}.collect.json")

    def _write_record(self) -> None:
        """Write the record after every file, so that a killed run can be resumed."""
        document = _read_record(self.record)
        done = {**document.get(self.key, {}), **{f.name: asdict(f) for f in self.files}}
        text = json.dumps({**document, self.key: done}, indent=2, sort_keys=True)
        part = self.record.with_name(f".{self.record.name}.part")
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(self.record)


def find_sources() -> tuple[Plugin, ...]:
    """List the live sources, in alphabetical order."""
    return find_plugins(FOLDER, REQUIRED)


def collect_from(
    source: str, target: str, window: Window, folder: Path, *, access: Access | None = None
) -> list[Collected]:
    """Collect from one live system into ``folder`` and return what became of each file.

    Raises
    ------
    UsageError
        If there is no such source, or the target is malformed.
    EvidenceError
        If nothing at all could be collected; the message holds the first reason.
    """
    known = {plugin.name: plugin for plugin in find_sources()}
    plugin = known.get(source)
    if plugin is None or plugin.module is None:
        why = plugin.unavailable if plugin else f"there are: {', '.join(known)}"
        raise UsageError(f"no live source {source!r} can be used; {why}")
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    key = f"{source} {target} {window.start.isoformat()} {window.end.isoformat()}"
    snapshot = Snapshot(folder, key, access or Access())
    snapshot._before = {  # noqa: SLF001  # built here, in the file of the class
        name: Collected(**entry)
        for name, entry in _read_record(snapshot.record).get(key, {}).items()
        if entry["status"] != "failed"
    }
    with track(f"collecting {plugin.module.TITLE}"):
        plugin.module.collect(target, window, snapshot)
    if not any(file.status != "failed" for file in snapshot.files):
        why = snapshot.files[0].why if snapshot.files else "it offers nothing of what was asked"
        raise EvidenceError(source, f"nothing was collected: {why}")
    return snapshot.files


def parse_window(since: str, until: str | None, *, step_s: float = 15.0) -> Window:
    """Return the window from ``since`` to ``until`` (now, if ``None``).

    Both are ISO times with an offset; ``since`` may be a span before the end: ``90m``, ``6h``.

    Raises
    ------
    UsageError
        If a time can't be read, or the window is empty.
    """
    end = datetime.now(UTC).replace(microsecond=0) if until is None else _time(until)
    span = _SPAN.match(since.strip())
    start = (
        _time(since)
        if span is None
        else end - timedelta(seconds=float(span.group(1)) * _SECONDS[span.group(2)])
    )
    if start >= end:
        raise UsageError(f"the window from {start} to {end} is empty; choose an earlier --since")
    if step_s <= 0:
        raise UsageError(f"--step {step_s:g}: must be above 0 s")
    return Window(start, end, step_s)


def split_target(target: str) -> tuple[str, str]:
    """Return address and selection of ``ADDRESS#SELECTION``; the selection may be empty."""
    address, _, selection = target.partition("#")
    return address, selection


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no time; write 2026-03-01T10:00:00Z, or a span such as 90m or 6h"
        ) from error
    if moment.tzinfo is None:
        raise UsageError(f"{text!r} has no offset; add Z for UTC")
    return moment.astimezone(UTC)


def _safe(name: str) -> PurePosixPath:
    """Return a relative path without anything that could leave the folder."""
    parts = [re.sub(r"[^\w.=+-]", "_", part).lstrip(".") for part in name.split("/")]
    return PurePosixPath(*[part[:120] for part in parts if part] or ["answer"])


def _hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _read_record(path: Path) -> dict[str, dict[str, dict[str, Any]]]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
