"""Load whole documents safely: JSON, YAML with bounds, and times as their producers write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, Final

import orjson
import polars as pl
import yaml

from forensics import moments
from forensics.errors import CorruptEvidenceError
from forensics.readers._contract import DamageRow, Head, Kind, Reading, damage_table
from forensics.readers._source import Source
from forensics.tables import SCHEMAS, to_utc

_MAX_ALIASES: Final = 200
_EPOCH_MS_FROM: Final = 1e11  # 1973 in milliseconds, the year 5138 in seconds

Row = dict[str, Any]


def load_json(source: Source) -> Any:
    """Return the parsed JSON document; one object a line gives a list.

    Raises
    ------
    CorruptEvidenceError
        If it is no JSON.
    """
    data = source.read_document().removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        lines = [line for line in data.splitlines() if line.strip()]
        try:
            return [orjson.loads(line) for line in lines]
        except orjson.JSONDecodeError:
            raise CorruptEvidenceError(
                source.name,
                f"is no JSON ({error.msg})",
                line=error.lineno,
                way_out="export it again; a copied terminal may have cut lines",
            ) from error


def load_yaml(source: Source) -> list[Any]:
    """Return the documents of a YAML file, plain data types only.

    Raises
    ------
    CorruptEvidenceError
        If it is no YAML, is nested deeper than ``limits.depth`` or repeats itself by more
        than 200 aliases (a few lines of aliases can stand for terabytes).
    """
    data = source.read_document()
    try:
        _check_bounds(source, data)
        return list(yaml.load_all(data, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise CorruptEvidenceError(
            source.name,
            f"is no YAML ({getattr(error, 'problem', None) or type(error).__name__})",
            line=mark.line + 1 if mark else None,
            way_out="check its indentation",
        ) from error


def _check_bounds(source: Source, data: bytes) -> None:
    depth = aliases = 0
    for event in yaml.parse(data, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        if depth > source.limits.depth or aliases > _MAX_ALIASES:
            what = "nested too deep" if aliases <= _MAX_ALIASES else "made of aliases"
            raise CorruptEvidenceError(
                source.name,
                f"is {what}",
                expected=f"at most {source.limits.depth} levels and {_MAX_ALIASES} aliases",
                way_out="write it out plainly",
            )


def parse_moment(value: object) -> datetime | None:
    """Return a time in UTC from text with a date, an epoch in s or ms, or YAML's own time.

    A time without zone is taken as UTC. ``None`` where it is none of these.
    """
    if isinstance(value, datetime):
        return to_utc(value)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = value / 1000 if abs(value) > _EPOCH_MS_FROM else value
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError, ValueError):
            return None
    return moments.parse_moment(value) if isinstance(value, str) else None


def text_of(value: object) -> str | None:
    """Return a scalar as text, a collection as JSON, nothing for ``None`` and empty ones."""
    if value is None or (isinstance(value, str | list | dict) and not value):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, datetime | date | int | float):
        return str(value)
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def texts_of(value: object) -> list[str]:
    """Return a list of texts from a list, a single value, or comma-separated text."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, list | tuple):
        return [str(part) for part in value if part is not None]
    return [str(value)]


def walk(value: object, *path: str) -> Any:
    """Return what lies at a path of keys in nested mappings, or ``None``."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def head_keys(head: Head) -> set[str]:
    """Return all keys in the head of a JSON document, whatever their depth."""
    if head.is_binary or head.text.lstrip()[:1] not in ("{", "["):
        return set()
    return set(re.findall(r'"([^"\\\n]{1,60})"\s*:', head.text))


def table_reading(
    reader: str,
    source: Source,
    tables: dict[str, list[Row]],
    *,
    kind: Kind = "changes",
    damage: list[DamageRow] | None = None,
    notes: tuple[str, ...] = (),
) -> Reading:
    """Return a reading of row dictionaries; columns left out become null, rows sorted by time."""
    frames = {}
    for name, rows in tables.items():
        schema = SCHEMAS[name]
        complete = [{**dict.fromkeys(schema), **row, "source": source.name} for row in rows]
        frames[name] = pl.DataFrame(complete, schema=schema).sort(
            "time", nulls_last=True, maintain_order=True
        )
    return Reading(
        reader=reader,
        kind=kind,
        tables=frames,
        damage=damage_table(damage or []),
        counts={name: frame.height for name, frame in frames.items()},
        notes=notes,
    )
