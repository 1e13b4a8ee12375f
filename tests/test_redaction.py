"""Secrets don't leave, and what is no secret does."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.redaction import Redactor, is_card_number, pseudonym, redact, redacting

SECRETS = [
    pytest.param("card 4111 1111 1111 1111 declined", "4111 1111 1111 1111", id="visa spaced"),
    pytest.param("pan=5555555555554444", "5555555555554444", id="mastercard"),
    pytest.param('{"card":"378282246310005"}', "378282246310005", id="amex in JSON"),
    pytest.param("6011-1111-1111-1117", "6011-1111-1111-1117", id="discover dashed"),
    pytest.param("jdbc:postgresql://db/x?user=a&password=hunter22&ssl=1", "hunter22", id="jdbc"),
    pytest.param("postgres://app:s3cr3tpw@db:5432/pay", "s3cr3tpw", id="URL"),
    pytest.param("Authorization: Bearer abcDEF123.xyz-456", "abcDEF123.xyz-456", id="bearer"),
    pytest.param("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", id="basic"),
    pytest.param(
        "t=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        id="JWT",
    ),
    pytest.param("key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE", id="AWS key"),
    pytest.param(
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        id="AWS secret",
    ),
    pytest.param("AIza" + "SyA1234567890abcdefghijklmnopqrstuv", "SyA1234567890", id="GCP key"),
    pytest.param("stripe sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", "4eC39HqLyjWD", id="stripe"),
    pytest.param('{"db.password": "p,w d;1"}', "p,w d;1", id="quoted password"),
    pytest.param(r"{\"clientSecret\":\"abc123def\"}", "abc123def", id="escaped JSON"),
    pytest.param('{"level":"WARN","password":"hunt', "hunt", id="torn JSON line"),
    pytest.param("DB_PASSWORD: hunter2", "hunter2", id="environment"),
    pytest.param("spring.datasource.hikari.password=tiger99", "tiger99", id="property"),
    pytest.param("mail to jane.doe@example.com failed", "jane.doe@example.com", id="e-mail"),
    pytest.param(
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow==\n-----END RSA PRIVATE KEY-----",
        "MIIEow==",
        id="private key",
    ),
    pytest.param("-----BEGIN PRIVATE KEY-----\nMIIEowTORN", "MIIEowTORN", id="torn private key"),
]

HARMLESS = [
    "1739110997000 epoch milliseconds, 1739110997000123 microseconds, 1739110997000123456 ns",
    "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "trace 4bf92f3577b34da6a3ce929d0e0e4736 order 4000000000000001",
    "retained 8589934592 bytes of 17179869184",
    "uuid 123e4567-e89b-12d3-a456-426614174000",
    "Basic authentication failed for user app",
    "password authentication failed for user",
    "token expired; password=null; token=<*>",
    "amount=4111.11 EUR for 12,847 orders at 2026-02-09T14:23:17Z",
    "10.0.0.1:5432 active=500 idle=0 pending=12847",
    "tokens: 512, secrets mounted: 3",
    "@media (max-width: 60rem) and version 3.5.0",
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_is_replaced_by_a_pseudonym(text, secret) -> None:
    assert secret not in redact(text)
    assert "[" in redact(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_redacting_twice_changes_nothing_more(text, secret) -> None:
    del secret
    assert redact(redact(text)) == redact(text)


def test_one_secret_has_one_pseudonym_wherever_it_stands() -> None:
    first = redact("card 4111111111111111 authorised")
    second = redact("card 4111 1111 1111 1111 captured")
    assert pseudonym("card", "4111111111111111") in first
    assert pseudonym("card", "4111111111111111") in second


def test_redacted_json_is_still_json() -> None:
    record = {"password": 'a"b\\c', "url": "postgres://u:p%40ss@h/d", "card": "4111111111111111"}
    text = redact(json.dumps({"message": json.dumps(record)}))
    inner = json.loads(json.loads(text)["message"])
    assert inner["password"].startswith("[password#")
    assert "p%40ss" not in text


def test_reveal_lets_everything_through_and_addresses_go_on_request() -> None:
    with redacting(Redactor(reveal=True)):
        assert redact("password=hunter22") == "password=hunter22"
    with redacting(Redactor(ip_addresses=True)):
        assert "10.0.0.1" not in redact("from 10.0.0.1:5432")


def test_fewer_than_one_in_a_thousand_random_ids_look_like_a_card() -> None:
    """Random 16-digit numbers: issuer ranges cover about a third, Luhn leaves a tenth."""
    chance = random.Random(7)
    stamps = [str(1_739_000_000_000_000 + chance.randrange(10**12)) for _ in range(20_000)]
    assert not any(is_card_number(stamp) for stamp in stamps)
    hashes = [f"{chance.getrandbits(128):032x}" for _ in range(20_000)]
    assert sum(redact(h) != h for h in hashes) / len(hashes) < 0.001


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_redacted_without_error_and_only_once(text) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "password=" * 20_000,
        "4 " * 100_000,
        "a:" * 100_000,
        "://" * 60_000,
        '"' * 200_000,
        "a@" * 90_000,
        "1-" * 99_999,
        "eyJ" * 60_000,
    ],
    ids=["keys", "digits", "colons", "urls", "quotes", "at", "dashes", "jwt"],
)
def test_hostile_text_comes_to_an_end(text) -> None:
    """A regular expression that backtracks would take minutes on these, not milliseconds."""
    assert redact(redact(text)) == redact(text)
