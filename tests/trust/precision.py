"""Count what redaction eats wrongly, and what it misses.

``python -m tests.trust.precision [--lines 2000] [--logs FOLDER]`` prints the table of
``docs/trust.md``: of each kind of harmless value the lines that redaction changes, of the
54 kinds of secrets those that stay. ``--logs`` adds every ``*.log`` of a folder of logs that
hold no secrets (e-mail addresses aside).
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import string
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from forensics.redaction import Redactor
from tests.trust.canaries import make

Draw = Callable[[random.Random], str]
#: Sentences and fields that a value may stand in; none says that it is a secret.
AROUND = (
    "§", "id=§", "request § took 12 ms", '{"id":"§","n":3}', "[§] INFO a.b.C - done",
    "GET /v1/§ 200", "key § not found in cache", "retry 3 of §", "(§)", "key=§ ttl=60",
    "sent § to peer 12 of 40",
)  # fmt: skip


def hexes(length: int) -> Draw:
    return lambda chance: f"{chance.getrandbits(4 * length):0{length}x}"


def digits(low: int, high: int) -> Draw:
    return lambda chance: str(chance.randrange(10**low, 10**high))


def _amount(chance: random.Random) -> str:
    value = f"{chance.randrange(10**9) / 100:,.2f}"
    return chance.choice([f"{value} EUR", f"${value}", f"amount={value}", f"RUB {value}"])


def _time(chance: random.Random) -> str:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.random() * 3e7)
    return chance.choice([at.isoformat(), f"{at:%d/%b/%Y:%H:%M:%S +0000}", f"{at:%Y%m%d%H%M%S%f}"])


def _epoch(chance: random.Random) -> str:
    return str(int(1.7e9 * 10 ** chance.choice([0, 3, 6, 9]) * (1 + chance.random() / 10)))


def _imei(chance: random.Random) -> str:
    return "35" + "".join(chance.choice(string.digits) for _ in range(13))


def _columns(chance: random.Random) -> str:
    return " ".join(str(chance.randrange(10 ** chance.randint(1, 5))) for _ in range(8))


def _base64(chance: random.Random) -> str:
    return base64.b64encode(chance.randbytes(30)).decode()


def _name(chance: random.Random) -> str:
    tail = "".join(chance.choice("bcdfghjklmnpqrstvwxz2456789") for _ in range(5))
    return f"pay-api-{chance.getrandbits(36):09x}-{tail}"


def _java(chance: random.Random) -> str:
    number = chance.getrandbits(60)
    return chance.choice(
        [f"a.b.C$$Lambda$14/0x{number:016x}", f"com.x.Token@{number:x}"[:22], f"[B@{number:x}"[:10]]
    )


def _words(chance: random.Random) -> str:
    """Return what speaks of keys, tokens, passes and sessions without telling one."""
    number = chance.randrange(1000)
    return chance.choice(
        [
            f"primaryKey {number}", f"keyspace orders_{number}", f"token count {number}",
            f"pass {number} of 7", f"passed={number} failed=0", f"monkey-{number}",
            f"partition key user_{number}", f"keys={number}", f"sessions={number}",
            f"tokens={number}", f"passengers: {number}", f"key_block_size={number}",
            f"max_tokens={number}", f"session timeout {number} s", f"bypass={number}",
            f"authors: {number}",
            f"foreign key fk_{number}", f"secretary_{number}", f"passive={number}",
            "password expired", "password authentication failed for user app", "token expired",
            "invalid credentials",
        ]
    )  # fmt: skip


HARMLESS: dict[str, Draw] = {
    "MD5, 32 hex digits": hexes(32),
    "SHA-1, git commits": hexes(40),
    "SHA-256, image digests": lambda chance: "sha256:" + hexes(64)(chance),
    "UUIDs": lambda chance: str(uuid.UUID(int=chance.getrandbits(128), version=4)),
    "trace and span ids": lambda chance: hexes(chance.choice([16, 32]))(chance),
    "64-bit ids, 17 to 19 digits": digits(16, 19),
    "ids of 16 digits": digits(15, 16),
    "ids of 8 to 15 digits": digits(7, 15),
    "IMEI, 15 digits": _imei,
    "epoch in s, ms, µs, ns": _epoch,
    "dates and times": _time,
    "amounts": _amount,
    "columns of numbers": _columns,
    "base64 of 40 characters": _base64,
    "pods and hosts": _name,
    "classes, lambdas, objects": _java,
    "words near secrets": _words,
    "versions": lambda c: (
        f"v{c.randrange(9)}.{c.randrange(99)}.{c.randrange(9999)}+build{c.randrange(10**6)}"
    ),
}


def lines_of(draw: Draw, count: int) -> Iterator[str]:
    chance = random.Random(20260209)
    for _ in range(count):
        yield chance.choice(AROUND).replace("§", draw(chance))


def measure_harmless(count: int) -> Iterator[tuple[str, int, int, str]]:
    """Yield kind, lines tried, lines changed, an example of one changed."""
    redactor = Redactor()
    for kind, draw in HARMLESS.items():
        eaten = [line for line in lines_of(draw, count) if redactor(line) != line]
        yield kind, count, len(eaten), eaten[0] if eaten else ""


def measure_logs(folder: Path) -> tuple[int, list[str]]:
    """Return how many lines the logs of a folder have, and those that are changed."""
    redactor = Redactor(emails=False)
    lines = [
        line
        for path in sorted(folder.rglob("*.log"))
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines()
    ]
    return len(lines), [line for line in lines if redactor(line) != line]


def count_missed(rounds: int) -> tuple[int, list[str]]:
    """Return secrets tried (plain, in JSON, after a log's header) and what kinds stayed."""
    redactor, tried, missed = Redactor(), 0, []
    for seed in range(rounds):
        for canary in make(seed):
            for text in (
                canary.text,
                json.dumps({"m": canary.text}),
                f"10:00 WARN x - {canary.text}",
            ):
                tried += 1
                if canary.secret in redactor(text):
                    missed.append(canary.kind)
    return tried, missed


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.trust.precision", description=__doc__)
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--logs", type=Path)
    parser.add_argument("--examples", action="store_true", help="one line of each kind eaten")
    options = parser.parse_args()
    print("| harmless | lines | changed | share |\n|---|---|---|---|")
    for kind, tried, eaten, example in measure_harmless(options.lines):
        print(f"| {kind} | {tried:,} | {eaten} | {eaten / tried:.2%} |", flush=True)
        if options.examples and example:
            print(f"    {example}")
    if options.logs:
        tried, changed = measure_logs(options.logs)
        print(
            f"| logs of public systems | {tried:,} | {len(changed)} | {len(changed) / tried:.3%} |"
        )
        for line in changed[:20] if options.examples else ():
            print(f"    {line[:160]}")
    tried, missed = count_missed(max(options.lines // 20, 1))
    print(f"\n{tried:,} secrets of 54 kinds, missed: {len(missed)} {sorted(set(missed)) or ''}")


if __name__ == "__main__":
    main()
