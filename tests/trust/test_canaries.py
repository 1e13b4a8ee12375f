"""Every kind of secret is told where it stands, and what only looks like one is left."""

from __future__ import annotations

import html
import json
import random
from pathlib import Path

import pytest

from forensics.redaction import Redactor, redact, redact_value
from tests.trust.canaries import make

CANARIES = make(20260209)
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.kind)
def test_a_secret_is_blanked_plain_in_json_and_in_html(canary) -> None:
    for text in (
        canary.text,
        json.dumps({"message": canary.text}),
        json.dumps({"log": json.dumps({"message": canary.text})}),
        html.escape(canary.text),
        f"2026-02-09 14:23:17 ERROR [main] a.b.C - {canary.text}",
    ):
        hidden = redact(text)
        for part in canary.secret.split("\n"):
            assert part not in hidden, hidden
            assert json.dumps(part)[1:-1] not in hidden


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.kind)
def test_redacting_again_changes_nothing(canary) -> None:
    assert redact(redact(canary.text)) == redact(canary.text)


def test_a_secret_under_its_key_is_blanked_in_structures() -> None:
    value = {
        "env": [{"name": "DB_PASSWORD", "value": "tulip"}, {"name": "MODE", "value": "tulip"}],
        "token": "rose",
        "nested": {"client_secret": "lily", "count": 3},
    }
    hidden = json.dumps(redact_value(value))
    assert hidden.count("tulip") == 1
    assert "rose" not in hidden
    assert "lily" not in hidden
    assert redact_value({"count": 3, "rate": None})["count"] == 3


def test_a_secret_written_in_two_ways_has_one_pseudonym() -> None:
    first = redact("card 4111 1111 1111 1111 ok").split()[1]
    assert redact("card 4111-1111-1111-1111 ok").split()[1] == first
    assert redact("pan=4111111111111111").endswith(first)


def test_a_token_that_somebody_cut_is_one() -> None:
    hidden = redact("by AKIAITSNJMZPW… and by ghp_0a1b2c3d4e... in asia-south1... of npm run…")
    assert "AKIA" not in hidden
    assert "0a1b" not in hidden
    assert hidden.endswith("in asia-south1... of npm run…")


def test_addresses_go_on_request_only() -> None:
    text = "from 10.2.3.4 and 2001:db8::8a2e:370:7334 at 14:23:17 by 00:1b:44:11:3a:b7"
    assert redact(text) == text
    hidden = Redactor(ip_addresses=True)(text)
    assert "10.2.3.4" not in hidden
    assert "8a2e" not in hidden
    assert "14:23:17" in hidden


LOGS = [
    *sorted((ROOT / "tests" / "samples").rglob("*.log")),
    *sorted((ROOT / "tests" / "samples").rglob("*.prom")),
    *sorted((ROOT / "data" / "incidents").rglob("*.log")),
]


def test_real_logs_keep_every_line() -> None:
    """Recorded samples hold no secrets but session cookies; a change is a false alarm."""
    kept = Redactor(emails=False)
    lines = [line for path in LOGS for line in path.read_text(errors="replace").splitlines()[:800]]
    eaten = [line for line in lines if kept(line) != line]
    assert len(lines) > 500
    assert eaten == []


def test_ids_hashes_and_stamps_are_not_eaten() -> None:
    """Of 64-bit ids, hashes, UUIDs, versions and stamps fewer than one in a thousand goes."""
    chance = random.Random(11)
    made = []
    for _ in range(4000):
        bits = chance.getrandbits(128)
        made += [
            f"blk_{chance.getrandbits(63)} size {chance.randrange(10**9)}",
            f'"dd.trace_id":"{chance.getrandbits(64)}"',
            f"sha256:{bits:032x}{bits:032x} image v{bits % 90}.{bits % 7}.{bits % 31}",
            f"{bits:032x}"[:8] + f"-{bits:032x}"[:5] + f"-4{bits:032x}"[:5] + f"-{bits:032x}"[:13],
            f"at {1_700_000_000_000 + bits % 10**11} took {bits % 10**6} us of {bits % 10**10} B",
            f"{bits % 9000 + 1000} {bits % 8000 + 1000} {bits % 7000} {bits % 600} kB",
        ]
    assert sum(redact(text) != text for text in made) / len(made) < 0.001
