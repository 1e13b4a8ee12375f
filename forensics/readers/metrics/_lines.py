"""Iterate over the lines of a text file in bounded memory, and find the time it was taken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Final

from forensics.errors import CorruptEvidenceError, EvidenceTooLargeError
from forensics.readers._contract import DamageRow
from forensics.readers._source import Source
from forensics.readers.metrics._time import find_time_in_text, to_us

#: More damage rows than this say nothing new.
MAX_DAMAGE_ROWS: Final = 100


class Lines:
    """Lines of a file, numbered from one; damage of the pack ends them with a damage row.

    Parameters
    ----------
    source
        The file.
    limit_bytes
        Longest line; a longer one raises ``EvidenceTooLargeError``.
    """

    def __init__(self, source: Source, limit_bytes: int | None = None) -> None:
        self.damage: list[DamageRow] = []
        self.number = 0
        self._source = source
        self._limit_bytes = limit_bytes or source.limits.line_bytes
        self._left_out = 0

    def __iter__(self) -> Iterator[bytes]:
        rest = b""
        try:
            for block in self._source.iter_blocks(1 << 20):
                lines = (rest + block).split(b"\n")
                rest = lines.pop()
                if len(rest) > self._limit_bytes:
                    raise EvidenceTooLargeError(
                        self._source.name,
                        f"has a line of more than {self._limit_bytes:,} bytes",
                        line=self.number + len(lines) + 1,
                    )
                for line in lines:
                    self.number += 1
                    yield line
        except CorruptEvidenceError as error:
            self.hurt(error.found, "read up to here")
        if rest:
            self.number += 1
            yield rest

    def hurt(self, what: str, action: str = "left out") -> None:
        """Note damage at the current line; past a hundred rows only the number is kept."""
        if len(self.damage) < MAX_DAMAGE_ROWS:
            self.damage.append(DamageRow(self._source.name, what, action, line=self.number))
        else:
            self._left_out += 1

    def rows(self) -> list[DamageRow]:
        """Return the damage rows, with one that sums up those beyond the limit."""
        if not self._left_out:
            return self.damage
        return [
            *self.damage,
            DamageRow(self._source.name, f"{self._left_out} more lines are damaged", "left out"),
        ]


def capture_time(source: Source) -> tuple[int, str]:
    """Return when a file without times was taken, as UTC microseconds, and how that is known.

    The file's name decides, then the folder's; else the time of its last change on disk.
    """
    for part in reversed(PurePath(source.name).parts):
        moment = find_time_in_text(part)
        if moment is not None:
            return to_us(moment), "samples carry no time; taken from the file's name, as UTC"
    changed = datetime.fromtimestamp(source.path.stat().st_mtime, UTC)
    note = "samples carry no time; taken from when the file was last changed, which a copy alters"
    return to_us(changed), note
