"""The client is bounded, patient, discreet, and talks to nobody else."""

from __future__ import annotations

import base64

import pytest

from forensics.collect import Client
from forensics.errors import EvidenceError, UsageError


def client(address, **options):
    pauses: list[float] = []
    made = Client(address, pause=pauses.append, clock=lambda: 0.0, **options)
    return made, pauses


def test_a_busy_server_is_asked_again_after_growing_pauses(serve) -> None:
    answers = iter([503, 429, 200])
    server = serve(lambda *_: (next(answers), {}, b"done"))
    asked, pauses = client(server.address, requests_per_s=1e9)
    assert asked.get("/x") == b"done"
    assert [round(p, 3) for p in pauses if p > 0.1] == [0.5, 1.0]


def test_the_server_says_when_to_come_again(serve) -> None:
    answers = iter([429, 200])
    server = serve(lambda *_: (next(answers), {"Retry-After": "7"}, b"done"))
    asked, pauses = client(server.address, requests_per_s=1e9)
    asked.get("/x")
    assert 7.0 in pauses


@pytest.mark.parametrize(
    ("asked", "waited"),
    [
        pytest.param("Tue, 03 Mar 2026 10:00:20 GMT", 20.0, id="a date"),
        pytest.param("Tue, 03 Mar 2026 12:00:00 +0200", 0.0, id="now, in another zone"),
        pytest.param("Tue, 03 Mar 2026 09:00:00 GMT", 0.0, id="a date that is past"),
        pytest.param("Tue, 03 Mar 2026 23:00:00 GMT", 60.0, id="longer than anybody waits"),
        pytest.param("soon", 0.5, id="no date"),
        pytest.param("²", 0.5, id="a digit that is no number"),
        pytest.param("Tue, 99 Mar 2026 10:00:00 GMT", 0.5, id="an impossible day"),
    ],
)
def test_the_server_may_name_the_time_to_come_again(serve, asked, waited) -> None:
    answers = iter([503, 200])
    headers = {"Retry-After": asked, "Date": "Tue, 03 Mar 2026 10:00:00 GMT"}
    server = serve(lambda *_: (next(answers), headers, b"done"))
    made, pauses = client(server.address, requests_per_s=1e9)
    assert made.get("/x") == b"done"
    assert pauses[0] == waited


def test_an_answer_that_only_drips_is_given_up(serve) -> None:
    server = serve(lambda *_: (200, {}, b"x" * 50))
    ticks = iter(range(0, 10_000, 400))
    made = Client(server.address, pause=lambda _: None, clock=lambda: float(next(ticks)))
    with pytest.raises(EvidenceError, match="not done answering after 300 s"):
        made.get("/x")


def test_a_refusal_is_not_repeated_and_names_the_way_out(serve) -> None:
    server = serve(lambda *_: (403, {}, b""))
    asked, _ = client(server.address)
    with pytest.raises(EvidenceError, match=r"HTTP 403.*FORENSICS_COLLECT_TOKEN"):
        asked.get("/x")
    assert len(server.asked) == 1


def test_a_dead_server_is_given_up_after_the_attempts() -> None:
    asked, pauses = client("http://127.0.0.1:9", attempts=3)
    with pytest.raises(EvidenceError, match="3 times"):
        asked.get("/x")
    assert {0.5, 1.0} <= set(pauses)


def test_requests_keep_the_rate(serve) -> None:
    server = serve(lambda *_: (200, {}, b"x"))
    asked, pauses = client(server.address, requests_per_s=4)
    for _ in range(3):
        asked.get("/x")
    assert pauses == [0.25, 0.5]


def test_a_redirect_to_another_server_is_refused(serve) -> None:
    other = serve(lambda *_: (200, {}, b"stolen"))
    server = serve(lambda *_: (302, {"Location": f"{other.address}/y"}, b""))
    asked, _ = client(server.address)
    with pytest.raises(EvidenceError, match="another server"):
        asked.get("/x")
    assert other.asked == []


def test_an_answer_larger_than_the_bound_is_refused(serve) -> None:
    server = serve(lambda *_: (200, {}, b"x" * 101))
    asked, _ = client(server.address, max_bytes=100)
    with pytest.raises(EvidenceError, match="more than 100 bytes"):
        asked.get("/x")


def test_the_token_comes_from_the_environment(serve, monkeypatch) -> None:
    monkeypatch.setenv("FORENSICS_COLLECT_TOKEN", "t0ken")
    server = serve(lambda *_: (200, {}, b"x"))
    client(server.address)[0].get("/x")
    assert server.asked[0][2]["Authorization"] == "Bearer t0ken"


def test_user_and_password_come_from_the_environment(serve, monkeypatch) -> None:
    monkeypatch.setenv("FORENSICS_COLLECT_USER", "ann")
    monkeypatch.setenv("FORENSICS_COLLECT_PASSWORD", "pw")
    server = serve(lambda *_: (200, {}, b"x"))
    client(server.address)[0].get("/x")
    assert server.asked[0][2]["Authorization"] == f"Basic {base64.b64encode(b'ann:pw').decode()}"


@pytest.mark.parametrize("address", ["ftp://host", "file:///etc/passwd", "host:9090"])
def test_what_is_no_web_address_is_refused(address) -> None:
    with pytest.raises(UsageError, match="no address"):
        Client(address)


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(UsageError) as caught:
        Client("http://ann:hunter2@host:1")
    assert "hunter2" not in str(caught.value)
