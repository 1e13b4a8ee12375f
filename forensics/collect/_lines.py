"""Log records as JSON lines that the log readers take."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


def to_json_lines(records: Iterable[Mapping[str, Any]]) -> bytes:
    """Return one compact JSON object a line."""
    return b"".join(
        json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        for record in records
    )
