"""``incident.yaml``: what a person may tell the tool about one incident.

Every key is optional; a folder without the file is a complete incident. The file is data:
safe YAML with bounded aliases and depth, never a template, never code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from forensics.errors import CorruptEvidenceError, EvidenceTooLargeError

FILE_NAME: Final = "incident.yaml"
_MAX_BYTES: Final = 1 << 20
_MAX_DEPTH: Final = 32
_SIZE: Final = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgtp]?)(i?)b?\s*$", re.IGNORECASE)


def parse_size(text: object) -> float:
    """Return bytes for ``"8GiB"``, ``"7.5 GB"``, ``"512M"`` or a plain number.

    ``Ki``/``Mi``/``Gi`` are binary, ``k``/``M``/``G`` decimal, as in Kubernetes.

    Raises
    ------
    ValueError
        If the text is no size.

    Examples
    --------
    >>> parse_size("8GiB")
    8589934592.0
    """
    if isinstance(text, int | float):
        return float(text)
    match = _SIZE.match(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is no size; write for example 8GiB, 512Mi or 8000000000")
    number, prefix, binary = match.groups()
    power = " kmgtp".index(prefix.lower() or " ")
    return float(number) * (1024.0 if binary else 1000.0) ** power


Bytes = Annotated[float, BeforeValidator(parse_size)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)


class LimitsConfig(_Part):
    """What evidence may cost; defaults are in ``forensics.readers.Limits``."""

    expanded_bytes: Bytes | None = None
    document_bytes: Bytes | None = None
    line_bytes: Bytes | None = None
    free_bytes: Bytes | None = None
    depth: int | None = Field(default=None, gt=0)
    ratio: float | None = None
    files: int | None = Field(default=None, gt=0)


class ServiceLevel(_Part):
    """The objective that the incident burned."""

    objective: float = Field(default=0.999, gt=0, lt=1)
    window_days: float = 30.0


class Money(_Part):
    """What an hour of full outage costs, as the business states it."""

    per_hour: float | None = None
    currency: str = "USD"


class Standby(_Part):
    """Where traffic could be sent instead: another region, cluster or site."""

    name: str = ""
    processes: int | None = Field(default=None, gt=0)
    version: str | None = None
    requests_per_s: float = Field(default=0.0, ge=0)


class RedactConfig(_Part):
    """Which personal data to blank beside the secrets, which are always blanked."""

    emails: bool = True
    ip_addresses: bool = False


class IncidentConfig(_Part):
    """Everything of ``incident.yaml``; see ``docs/incident-yaml.md``."""

    id: str = ""
    title: str = ""
    severity: str = ""
    status: str = ""
    service: str = ""
    started_at: datetime | None = None
    detected_at: datetime | None = None
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    authors: list[str] = []
    declaration: str | None = None
    memory_limit_bytes: Bytes | None = None
    roles: dict[str, str] = {}
    readers: dict[str, str] = {}
    versions: dict[str, str] = {}
    ignore: list[str] = []
    sections: dict[str, bool] = {}
    section_order: list[str] = []
    obligations: list[str] = []
    checklists: list[str] = []
    limits: LimitsConfig = LimitsConfig()
    slo: ServiceLevel = ServiceLevel()
    money: Money = Money()
    standby: Standby = Standby()
    redact: RedactConfig = RedactConfig()

    @property
    def unknown_keys(self) -> list[str]:
        """Keys of the file that mean nothing to this version; the report lists them."""
        return sorted(self.model_extra or {})


@dataclass(frozen=True, slots=True)
class Declaration:
    """The incident's declaration as it was typed: its name in the evidence and its text."""

    name: str
    text: str


def read_config(path: Path) -> IncidentConfig:
    """Load and check an ``incident.yaml``.

    Raises
    ------
    EvidenceTooLargeError
        If it is larger than 1 MiB, uses YAML aliases, or nests deeper than 32 levels.
    CorruptEvidenceError
        If it is no YAML mapping or a value has the wrong type; the message names the key.
    """
    document = load_yaml(path.read_bytes(), path, max_bytes=_MAX_BYTES)
    if document is None:
        return IncidentConfig()
    if not isinstance(document, dict):
        raise CorruptEvidenceError(path, "is no mapping", expected="key: value lines")
    try:
        return IncidentConfig.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise CorruptEvidenceError(
            path, f"{key}: {first['msg']}", way_out="see docs/incident-yaml.md"
        ) from error


def load_yaml(data: bytes, path: Path | str, *, max_bytes: int) -> Any:
    """Parse one YAML document safely: no tags, no aliases, bounded size and depth.

    Raises
    ------
    EvidenceTooLargeError
        If a bound is passed.
    CorruptEvidenceError
        If it is no YAML, with the line of the fault.
    """
    if len(data) > max_bytes:
        raise EvidenceTooLargeError(path, f"is larger than {max_bytes:,} bytes")
    depth = 0
    try:
        for event in yaml.parse(data, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise EvidenceTooLargeError(
                    path,
                    "uses a YAML alias",
                    line=_line_of(event),
                    way_out="write the value out; aliases can expand without bound",
                )
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                raise EvidenceTooLargeError(
                    path, f"nests deeper than {_MAX_DEPTH}", line=_line_of(event)
                )
        return yaml.load(data, Loader=yaml.CSafeLoader)  # CSafeLoader is the safe one
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise CorruptEvidenceError(
            path,
            f"is no valid YAML ({getattr(error, 'problem', None) or type(error).__name__})",
            line=None if mark is None else mark.line + 1,
        ) from error


def _line_of(event: yaml.Event) -> int | None:
    mark = event.start_mark
    return None if mark is None else mark.line + 1
