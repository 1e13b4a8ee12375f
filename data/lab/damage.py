"""Make a damaged copy of a recorded evidence folder, one or all kinds of damage at a time.

``python data/lab/damage.py FOLDER OUT [--kind NAME ...]`` copies ``FOLDER`` to ``OUT`` and damages
the copy; ``OUT.damage.yaml`` beside it says what was done to which file. The same input gives
the same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import yaml

Deed = dict[str, object]
SKEW = timedelta(seconds=97)


def largest(folder: Path, pattern: str) -> Path | None:
    """Return the largest file that matches, the first by name among equals."""
    files = sorted(folder.glob(pattern), key=lambda p: (-p.stat().st_size, p.name))
    return files[0] if files else None


def read_unpacked(path: Path) -> bytes:
    """Return a file's content, unpacked if it is packed."""
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def write_packed(path: Path, data: bytes) -> None:
    """Write content as the file's name asks for."""
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def truncate_dump(folder: Path) -> Deed | None:
    """Cut the largest heap dump at six tenths, as a full disk does."""
    path = largest(folder, "heap/*.hprof*")
    if path is None:
        return None
    data = path.read_bytes()
    kept = len(data) * 6 // 10
    path.write_bytes(data[:kept])
    return {"file": str(path.relative_to(folder)), "bytes_before": len(data), "bytes_after": kept}


def edit_series(path: Path, edit: Callable[[list[list[object]]], list[list[object]]]) -> None:
    """Change the points of every series of a query_range body."""
    body = json.loads(path.read_bytes())
    for series in body["data"]["result"]:
        series["values"] = edit(series["values"])
    path.write_text(json.dumps(body, separators=(",", ":")) + "\n", encoding="utf-8")


def cut_gap(folder: Path) -> Deed | None:
    """Drop the third quarter of the scrapes of the memory metrics."""
    files = sorted(folder.glob("metrics/*memory_used*.json")) + sorted(
        folder.glob("metrics/*working_set*.json")
    )
    for path in files:
        edit_series(
            path, lambda points: points[: len(points) // 2] + points[len(points) * 3 // 4 :]
        )
    names = [str(path.relative_to(folder)) for path in files]
    return {"files": names, "share_dropped": 0.25} if files else None


def reset_counter(folder: Path) -> Deed | None:
    """Make one counter start again from zero half way."""
    path = largest(folder, "metrics/http*_count.json") or largest(folder, "metrics/*_total.json")
    if path is None:
        return None

    def restart(points: list[list[object]]) -> list[list[object]]:
        half = len(points) // 2
        base = float(str(points[half][1])) if points else 0.0
        later = [[at, f"{float(str(value)) - base:g}"] for at, value in points[half:]]
        return points[:half] + later

    edit_series(path, restart)
    return {"file": str(path.relative_to(folder))}


def skew_line(line: str) -> str:
    """Move the time at the start of a JSON log line by the skew."""
    head, mark, rest = line.partition('"@timestamp":')
    if not mark:
        return line
    quoted = rest.lstrip()
    stamp = quoted[1 : quoted.index('"', 1)]
    moved = datetime.fromisoformat(stamp) + SKEW
    text = moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return f'{head}{mark} "{text}"{quoted[len(stamp) + 2 :]}'


def skew_clock(folder: Path) -> Deed | None:
    """Move the clock of one host: every line of its service log is late by a fixed time."""
    path = largest(folder, "logs/*.jsonl*")
    if path is None:
        return None
    lines = read_unpacked(path).decode().splitlines()
    write_packed(path, ("\n".join(skew_line(line) for line in lines) + "\n").encode())
    return {"file": str(path.relative_to(folder)), "skew_s": SKEW.total_seconds()}


def lose_rotation(folder: Path) -> Deed | None:
    """Lose the middle third of one collector log, as a rotated file that was not copied."""
    path = largest(folder, "gc/*.log*")
    if path is None:
        return None
    lines = read_unpacked(path).splitlines(keepends=True)
    third = len(lines) // 3
    write_packed(path, b"".join(lines[:third] + lines[2 * third :]))
    return {"file": str(path.relative_to(folder)), "lines_lost": third}


def duplicate_file(folder: Path) -> Deed | None:
    """Copy one log under a second name."""
    path = largest(folder, "logs/*.log*") or largest(folder, "logs/*")
    if path is None:
        return None
    copy = path.with_name(f"copy-of-{path.name}")
    shutil.copyfile(path, copy)
    return {"file": str(path.relative_to(folder)), "copy": str(copy.relative_to(folder))}


def break_json(folder: Path) -> Deed | None:
    """Cut one metrics export off in the middle of a number."""
    path = largest(folder, "metrics/*threads*.json") or largest(folder, "metrics/*.json")
    if path is None:
        return None
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return {"file": str(path.relative_to(folder)), "bytes_after": len(data) // 2}


KINDS: dict[str, Callable[[Path], Deed | None]] = {
    "truncated-dump": truncate_dump,
    "gap": cut_gap,
    "counter-reset": reset_counter,
    "skewed-clock": skew_clock,
    "missing-rotation": lose_rotation,
    "duplicate-file": duplicate_file,
    "unreadable-json": break_json,
}


def damage_folder(source: Path, out: Path, kinds: list[str]) -> list[Deed]:
    """Copy ``source`` to ``out``, damage the copy, and return what was done.

    Raises
    ------
    FileExistsError
        If ``out`` exists: evidence is never written over.
    """
    shutil.copytree(source, out)
    done: list[Deed] = []
    for kind in kinds:
        deed = KINDS[kind](out)
        done.append({"kind": kind, **(deed or {"skipped": "no file of this sort here"})})
    text = yaml.safe_dump({"source": source.name, "damage": done}, sort_keys=False)
    out.with_name(out.name + ".damage.yaml").write_text(text, encoding="utf-8")
    return done


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kind", action="append", choices=sorted(KINDS), help="default: all kinds")
    options = parser.parse_args()
    for deed in damage_folder(options.folder, options.out, options.kind or list(KINDS)):
        print(deed)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
