"""A server on loopback that answers what a test gives it, and real programs."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from forensics.collect import Access, Window


class FakeServer:
    """Answers ``reply(method, path, fields, document) -> (status, headers, body)``."""

    def __init__(self, reply) -> None:
        self.asked: list[tuple[str, dict, dict]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                fields = {k: v[0] for k, v in parse_qs(parts.query).items()}
                size = int(self.headers.get("Content-Length") or 0)
                document = json.loads(self.rfile.read(size)) if size else None
                outer.asked.append((parts.path, fields, dict(self.headers)))
                status, headers, body = reply(parts.path, fields, document)
                if not isinstance(body, bytes):
                    body = json.dumps(body).encode()
                (self.send_response_only if "Date" in headers else self.send_response)(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815  # the name that http.server calls

            def log_message(self, *_arguments) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serve():
    servers = []

    def start(reply):
        servers.append(FakeServer(reply))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch) -> None:
    for name in ("TOKEN", "USER", "PASSWORD"):
        monkeypatch.delenv(f"FORENSICS_COLLECT_{name}", raising=False)


@pytest.fixture
def last_hour() -> Window:
    end = datetime.now(UTC)
    return Window(end - timedelta(hours=1), end + timedelta(minutes=1))


@pytest.fixture
def quick() -> Access:
    return Access(timeout_s=30, requests_per_s=1000, attempts=1)


def need(program: str) -> str:
    """Return the path of a real program; skip without it, fail where CI promises it."""
    path = shutil.which(program) or shutil.which(
        program, path=os.pathsep.join(["/usr/lib/postgresql/15/bin", "/usr/sbin"])
    )
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(f"{program} is missing, and CI installs it")
    if path is None:
        pytest.skip(f"needs {program}")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(ready, what: str, *, seconds: float = 60.0) -> None:
    """Poll until ``ready()`` holds; a pause here is waiting for a real program to start."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if ready():
                return
        except (OSError, ValueError, KeyError):
            pass
        threading.Event().wait(0.1)
    pytest.fail(f"{what} was not ready after {seconds:.0f} s")


def answer_of(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.read()


@pytest.fixture
def start(tmp_path):
    """Start a program; it ends with the test."""
    running: list[subprocess.Popen[bytes]] = []

    def run(*command: str) -> subprocess.Popen[bytes]:
        with (tmp_path / f"program-{len(running)}.out").open("wb") as sink:
            running.append(subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT))
        return running[-1]

    yield run
    for process in running:
        process.terminate()
    for process in running:
        process.wait(timeout=30)
