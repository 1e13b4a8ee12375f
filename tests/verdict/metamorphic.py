"""Change what must not matter, through files: ``python -m tests.verdict.metamorphic FIRST STOP``.

Writes each foreign incident as it is and changed in ways that leave the truth alone, reads both
and compares leak, kind, the first suspect and its probability. Prints each difference, then one
line a change.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
from typing import Final
from unittest.mock import patch

from forensics.evidence import open_case
from forensics.run.pipeline import Pipeline
from tests.verdict.foreign import spell
from tests.verdict.foreign.__main__ import make
from tests.verdict.foreign.spell import Series

#: A probability that moves by less than this is the same: noise of fits, other file names.
_SAME: Final = 0.05
_YEAR: Final = timedelta(days=365)
_INDIA: Final = timezone(timedelta(hours=5, minutes=30))
_NAMES: Final = {
    "quote-engine": "zebra-desk",
    "claims": "otters",
    "seatmap": "pinwheel",
    "loyalty-svc": "moraine-ab",
    "imgproxy": "quagmire",
}
_VERSIONS: Final = {"5.8.1": "2031.4.0", "5.9.0": "2031.5.0"}
_LETTERS: Final = str.maketrans("bcdfghjklmnpqrstvwxz", "zxwvtsrqpnmlkjhgfdcb")


@dataclass(frozen=True, slots=True)
class Said:
    """What the tool said of one folder."""

    leak: str
    kind: str
    first: str
    probability: float


def judge(folder: Path) -> Said:
    """Run the tool on a folder; a rise nobody recorded is called the same at any time."""
    pipeline = Pipeline(open_case(folder))
    verdict = pipeline.result("verdict").verdict
    first = pipeline.result("attribution").suspects[0]
    name = re.sub(r"^(traffic|deploy)-\d+T\d+Z$", r"\1 unrecorded", first.change_id)
    return Said(verdict.leak, verdict.kind, name, first.probability)


@contextmanager
def a_year_later() -> Iterator[None]:
    """Let everything happen a year later."""
    with patch.object(spell, "START", spell.START + _YEAR):
        yield


@contextmanager
def another_zone() -> Iterator[None]:
    """Write the times of changes, pods, events and the declaration as India does."""

    def stamp(t_s: float) -> str:
        return (
            f"{(spell.START + timedelta(seconds=t_s)).astimezone(_INDIA):%Y-%m-%dT%H:%M:%S}+05:30"
        )

    with patch.object(spell, "_stamp", stamp), patch.object(spell, "_local", stamp):
        yield


@contextmanager
def other_units() -> Iterator[None]:
    """Export memory in mebibytes."""
    plain = spell.iter_series

    def scaled(*args: object, **more: object) -> Iterator[Series]:
        for one in plain(*args, **more):  # type: ignore[arg-type]  # handed on as they come
            if one.name.endswith("_bytes"):
                name = f"{one.name.removesuffix('_bytes')}_mebibytes"
                yield Series(name, one.labels, one.t_s, one.values / 2.0**20)
            else:
                yield one

    with patch.object(spell, "iter_series", scaled):
        yield


def rename(folder: Path) -> None:
    """Give services, versions and pods other names of the same form."""
    hashed = re.compile(r"(?<=-)[bcdfghjklmnpqrstvwxz2456789]{5,9}(?=[-\"',.\s}]|$)", re.MULTILINE)
    for path in folder.iterdir():
        text = path.read_text()
        for old, new in {**_NAMES, **_VERSIONS}.items():
            text = re.sub(rf"(?<![\w.]){re.escape(old)}(?![\w.]*\d)", new, text)
        path.write_text(hashed.sub(lambda match: match[0].translate(_LETTERS), text))


def add_noise(folder: Path) -> None:
    """Add a healthy service of another team, its log, and a page about nothing."""
    begin = spell.START
    rows = [
        f"{begin + timedelta(seconds=30 * i):%Y-%m-%dT%H:%M:%SZ},mailer_queue_length,{i % 7}"
        for i in range(120)
    ]
    (folder / "mailer.csv").write_text("\n".join(["timestamp,metric,value", *rows]) + "\n")
    lines = [
        json.dumps(
            {
                "time": f"{begin + timedelta(seconds=20 * i):%Y-%m-%dT%H:%M:%SZ}",
                "level": "INFO",
                "service": "mailer",
                "message": f"sent batch {i} to 40 recipients",
            }
        )
        for i in range(180)
    ]
    (folder / "mailer.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "lunch.txt").write_text("The canteen has soup today.\n")


def split_or_merge(folder: Path) -> None:
    """Cut an export in two by its rows, or put a file a metric into one."""
    for path in list(folder.iterdir()):
        if path.name == "export.jsonl":
            lines = path.read_text().splitlines(keepends=True)
            _put(folder, path, ["".join(lines[0::2]), "".join(lines[1::2])])
        elif path.name == "dashboard-export.csv":
            head, *lines = path.read_text().splitlines(keepends=True)
            half = len(lines) // 2
            _put(folder, path, [head + "".join(part) for part in (lines[:half], lines[half:])])
        elif path.name == "tsdb-dump.om":
            blocks = re.split(r"(?m)^(?=# TYPE)", path.read_text().removesuffix("# EOF\n"))
            blocks = [block for block in blocks if block]
            _put(folder, path, ["".join(blocks[k::2]) + "# EOF\n" for k in (0, 1)])
    queries = sorted(folder.glob("q_*.json"))
    if queries:
        results = [row for q in queries for row in json.loads(q.read_text())["data"]["result"]]
        answer = {"status": "success", "data": {"resultType": "matrix", "result": results}}
        for path in queries:
            path.unlink()
        (folder / "q.json").write_text(json.dumps(answer))


def _put(folder: Path, path: Path, parts: list[str]) -> None:
    for number, part in enumerate(parts):
        (folder / f"{path.stem}-{number}{path.suffix}").write_text(part)
    path.unlink()


Change = Callable[[Path], None]
#: name -> what is patched while the incident is written, and what is done to its files then.
TWISTS: Final[dict[str, tuple[Callable[[], object] | None, Change | None]]] = {
    "a year later": (a_year_later, None),
    "another zone": (another_zone, None),
    "another unit": (other_units, None),
    "other names": (None, rename),
    "beside others": (None, add_noise),
    "split or merged": (None, split_or_merge),
}


def write(seed: int, folder: Path, twist: str = "") -> None:
    """Write the incident of a seed, changed in one way or as it is."""
    written, changed = TWISTS.get(twist, (None, None))
    with ExitStack() as stack:
        if written is not None:
            stack.enter_context(written())  # type: ignore[arg-type]  # a context manager
        make(seed, folder)
    if changed is not None:
        changed(folder)


def differences(seed: int, twist: str, scratch: Path, plain: Said) -> list[str]:
    """Return in what the verdict on a changed incident differs from that on the plain one."""
    folder = scratch / twist.replace(" ", "-")
    write(seed, folder, twist)
    found = judge(folder)
    told = [
        f"{name} {getattr(plain, name)} became {getattr(found, name)}"
        for name in ("leak", "kind", "first")
        if getattr(plain, name) != getattr(found, name)
    ]
    if abs(plain.probability - found.probability) > _SAME:
        told.append(f"probability {plain.probability:.2f} became {found.probability:.2f}")
    return told


def main() -> None:
    """Compare the seeds of the command line."""
    first, stop = (int(word) for word in sys.argv[1:3])
    same = dict.fromkeys(TWISTS, 0)
    for seed in range(first, stop):
        with tempfile.TemporaryDirectory(prefix="verdict-twist-") as scratch:
            write(seed, Path(scratch) / "plain")
            plain = judge(Path(scratch) / "plain")
            for twist in TWISTS:
                told = differences(seed, twist, Path(scratch), plain)
                same[twist] += not told
                if told:
                    print(f"{seed} {twist}: {'; '.join(told)}", flush=True)
    for twist, count in same.items():
        print(f"{twist:18} same {count} of {stop - first}")


if __name__ == "__main__":
    main()
