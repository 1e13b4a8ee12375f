"""Error and warning types of the whole package.

::

    ForensicsError
    |- EvidenceError               the file is at fault: path, place, found, expected, way out
    |  |- UnknownFormatError       no reader claims it
    |  |- AmbiguousFormatError     two readers claim it equally
    |  |- TruncatedEvidenceError   it ends too early for any result
    |  |- CorruptEvidenceError     its content contradicts its format
    |  |- EvidenceTooLargeError    a configured limit was reached
    |- UnsupportedError            the file is sound; this version or feature is not read yet
    |- NotEnoughDataError          how much there is, how much is needed
    |- PluginError                 which file breaks which contract
    |- UsageError                  the caller's argument: value, allowed values
    |- MismatchError               evidence or report differs from what was recorded
    |- TimeLimitError              the run's own time limit was reached
    ForensicsWarning
    |- DamageWarning               evidence was read in part

A message has four parts: where, what was found, what was expected, the way out.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class ForensicsError(Exception):
    """Base of all errors this package raises on purpose.

    ``exit_code`` is what the command line ends with; it is mapped here and nowhere else.
    """

    exit_code: ClassVar[int] = 3


class EvidenceError(ForensicsError):
    """A piece of evidence can't be used.

    Parameters
    ----------
    path
        The file at fault; only its name and parents as given, never its content.
    found, expected, way_out
        The facts, each a short phrase without evidence content.
    offset
        Byte position of the fault, if one is known.
    line
        One-based line of the fault, if one is known.
    """

    def __init__(
        self,
        path: str | Path,
        found: str,
        *,
        expected: str = "",
        way_out: str = "",
        offset: int | None = None,
        line: int | None = None,
    ) -> None:
        self.path = str(path)
        self.found = found
        self.expected = expected
        self.way_out = way_out
        self.offset = offset
        self.line = line
        super().__init__(self._message())

    def _message(self) -> str:
        place = printable(self.path)
        if self.offset is not None:
            place += f": byte {self.offset:,}".replace(",", " ")
        if self.line is not None:
            place += f": line {self.line}"
        parts = [f"{place}: {self.found}"]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.way_out:
            parts.append(self.way_out)
        return "; ".join(parts)


class UnknownFormatError(EvidenceError):
    """No reader recognises the file."""


class AmbiguousFormatError(EvidenceError):
    """Two readers claim the file with equal certainty."""


class TruncatedEvidenceError(EvidenceError):
    """The file ends before anything usable could be read."""


class CorruptEvidenceError(EvidenceError):
    """The content contradicts the format it claims to have."""


class EvidenceTooLargeError(EvidenceError):
    """A configured limit (bytes, records, depth, expansion) was reached."""


class UnsupportedError(ForensicsError):
    """The file is sound, but this version or feature is not read yet."""


class NotEnoughDataError(ForensicsError):
    """A method needs more samples than the evidence holds."""


class PluginError(ForensicsError):
    """A file in a plug-in folder breaks that folder's contract."""


class UsageError(ForensicsError):
    """The caller passed an argument that isn't allowed."""

    exit_code: ClassVar[int] = 2


class MismatchError(ForensicsError):
    """Evidence or a report is no longer what was recorded."""

    exit_code: ClassVar[int] = 4


class TimeLimitError(ForensicsError):
    """The time limit given for the run was reached."""

    exit_code: ClassVar[int] = 5


class ForensicsWarning(UserWarning):
    """Base of all warnings of this package."""


class DamageWarning(ForensicsWarning):
    """Evidence was read in part; the result carries the damage rows."""


def printable(text: str) -> str:
    """Escape control characters so that a hostile file name can't drive the terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
