"""Plant texts into sound evidence: every free text of every sample, in the sample's own syntax."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests import heap_writer

SAMPLES = Path(__file__).parents[1] / "samples"
#: Texts that a format fixes or that readers need as they are: times, numbers, words.
FIXED = re.compile(r"[\d\s.:+TZ/,%-]*|[A-Z_]{1,24}|[a-z_]{1,12}|v?\d+(?:\.\d+)*|\w+/v\d\w*")
FIXED_KEYS = {
    "apiVersion", "kind", "uid", "name", "namespace", "status", "resultType", "type", "level",
    "severity", "@timestamp", "timestamp", "time", "ts", "event", "__name__", "unit", "id",
}  # fmt: skip
#: Formats without free text, or whose texts can't hold blanks.
WITHOUT_TEXT = {"cgroup", "influx_line", "sadf", "calendar_yaml"}
#: Where a text may be added, in formats that are neither JSON nor free lines.
SYNTAX = {
    "openmetrics": r'(?<=[{,])\w+="[^"]*(?=")',
    "promtool_dump": r'(?<=[{,])(?!__name__)\w+="[^"]*(?=")',
    "rollout_history": r"(?m)^\d+\s+.*(?=$)",
}
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def plant(folder: Path, texts: Sequence[str]) -> Path:
    """Copy all small samples into ``folder`` with ``texts`` in their free texts; return it."""
    supply = itertools.cycle(texts)
    for path in sorted(p for p in SAMPLES.rglob("*") if p.is_file() and p.name != "ORIGIN.md"):
        kind = path.relative_to(SAMPLES).parts[0]
        if kind in {"case", "heap"}:
            continue
        target = folder / path.relative_to(SAMPLES)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet":
            shutil.copy(path, target)
        else:
            target.write_text(planted(path, supply), encoding="utf-8")
    write_incident(folder, supply, len(texts))
    write_heap(folder / "heap.hprof", texts)
    return folder


def planted(path: Path, supply: Iterator[str]) -> str:
    """Return the content of one sample with texts planted."""
    text = path.read_text(encoding="utf-8")
    reader = path.parent.name
    if reader in WITHOUT_TEXT or path.name.startswith(("semicolon", "grafana_panel")):
        return text
    if reader in SYNTAX:
        return re.sub(SYNTAX[reader], lambda m: m[0] + _quoted(next(supply)), text)
    if path.suffix == ".csv":
        return _planted_csv(text, supply)
    try:
        return json.dumps(_planted_value(json.loads(text), supply))
    except ValueError:
        return "\n".join(_planted_line(line, supply) for line in text.split("\n"))


def _planted_value(value: Any, supply: Iterator[str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _planted_value(item, supply, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_planted_value(item, supply, key) for item in value]
    if isinstance(value, str) and key not in FIXED_KEYS and not FIXED.fullmatch(value):
        return f"{value} {next(supply)}"
    return value


def _planted_line(line: str, supply: Iterator[str]) -> str:
    if not line.strip() or line.startswith("#"):
        return line
    try:
        record = json.loads(line)
    except ValueError:
        return f"{line} {_flat(next(supply))}" if " " in line else line
    return json.dumps(_planted_value(record, supply)) if isinstance(record, dict) else line


def _planted_csv(text: str, supply: Iterator[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    mark = ";" if text.split("\n", 1)[0].count(";") else ","
    for number, row in enumerate(csv.reader(io.StringIO(text), delimiter=mark)):
        cells = [
            cell if number == 0 or FIXED.fullmatch(cell) else f"{cell} {next(supply)}"
            for cell in row
        ]
        writer.writerow(cells)
    return out.getvalue()


def _quoted(text: str) -> str:
    return " " + _flat(text).replace("\\", "\\\\").replace('"', '\\"')


def _flat(text: str) -> str:
    return " ".join(text.split("\n"))


def write_incident(folder: Path, supply: Iterator[str], count: int) -> None:
    """Write a leak that the analyses find, told by logs, calendar and a declaration."""
    rows = ["time,container_memory_working_set_bytes"]
    for i in range(480):
        at = START + timedelta(seconds=30 * i)
        leaked = max(0.0, (i - 120) / 2) * 3 * 2**20
        rows.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{int(3e8 + leaked + (i * 7919 % 13) * 1e5)}")
    (folder / "memory.csv").write_text("\n".join(rows) + "\n")
    deploy = {
        "id": f"CHG-7 {_flat(next(supply))}",
        "time": "2026-03-01T13:00:00Z",
        "kind": "deploy",
        "what": f"Release search {next(supply)}",
        "scope": ["shop"],
        "to_version": "2.1.0",
        "details": next(supply),
    }
    (folder / "calendar.json").write_text(json.dumps([deploy]))
    claims = [f"- Errors: +{i}% of calls, {_flat(next(supply))}" for i in range(1, count + 1)]
    (folder / "declaration.md").write_text(
        f"# Shop is slow {_flat(next(supply))}\nStarted: 2026-03-01T14:00:00Z\n"
        "- Memory growth rate: +12MB/minute (exponential)\n"
        + "\n".join(claims)
        + f"\n\n## Questions\n1. Is this related to {_flat(next(supply))}?\n"
    )
    times = [START + timedelta(minutes=60 + i % 120, seconds=i) for i in range(3 * count)]
    lines = [
        json.dumps(
            {
                "@timestamp": f"{times[i]:%Y-%m-%dT%H:%M:%SZ}",
                "level": ("ERROR", "WARN", "FATAL")[i % 3],
                "logger_name": "shop.Pay",
                "service": "shop",
                "message": f"{next(supply)} failed",
                "stack_trace": f"java.lang.IllegalStateException: {next(supply)}\n"
                f"\tat shop.Pay.run(Pay.java:{i})",
            }
        )
        for i in range(3 * count)
    ]
    (folder / "shop.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "incident.yaml").write_text(
        json.dumps({"title": f"Shop slow {_flat(next(supply))}", "authors": [next(supply)]})
    )
    odd = _flat(next(supply)).replace("/", "_")[:180]
    (folder / f"note {odd}.log").write_text("2026-03-01T13:00:00Z ERROR boom\n" * 5)


def write_heap(path: Path, texts: Sequence[str]) -> None:
    """Write a dump whose strings and class names hold the texts."""
    writer = heap_writer.HeapWriter()
    heap_writer.write_basics(writer)
    at = 0x10_000
    strings = []
    for text in texts:
        for _ in range(40):  # duplicates, which the waste question quotes
            writer.add_array(at, "char", [min(ord(c), 65535) for c in text])
            writer.add_instance(at + 8, heap_writer.STRING, ("object", at), ("byte", 1))
            strings.append(at + 8)
            at += 16
    for number, text in enumerate(texts):
        writer.add_class(0x90_000 + number * 16, f"shop/{_flat(text)}", parent=heap_writer.OBJECT)
    writer.add_object_array(at, heap_writer.ARRAY, strings)
    writer.add_root(0x05, at)
    path.write_bytes(bytes(writer))
