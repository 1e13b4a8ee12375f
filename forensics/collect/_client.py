"""Ask one HTTP server: bounded in time, rate and size, patient with a busy server.

Credentials come from the environment alone, so that they are in no argument list, no shell
history and no file of the evidence. Redirects to another server are refused, proxies of the
environment are not used: nothing is sent anywhere but to the target.
"""

from __future__ import annotations

import base64
import email.utils
import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from typing import Any, Final

from forensics.errors import EvidenceError, UsageError

TOKEN_VARIABLE: Final = "FORENSICS_COLLECT_TOKEN"  # noqa: S105  # a name, no secret
USER_VARIABLE: Final = "FORENSICS_COLLECT_USER"
PASSWORD_VARIABLE: Final = "FORENSICS_COLLECT_PASSWORD"  # noqa: S105  # same
_BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_PAUSE_S: Final = 60.0
_PART_BYTES: Final = 1 << 20


@dataclass
class Client:
    """A polite client of one server.

    Parameters
    ----------
    base
        Address such as ``http://127.0.0.1:9090``; a path in it is kept in front.
    timeout_s
        Longest wait for an answer to begin or to go on.
    requests_per_s
        Upper bound of the request rate.
    longest_s
        Longest time one answer may take altogether: a server that sends a byte now and then
        keeps within ``timeout_s`` for ever.
    attempts
        Tries for one request, with pauses of 0.5, 1, 2, ... s between them, or as long as
        the server's ``Retry-After`` says, in seconds or as a date (at most a minute).
    max_bytes
        Largest answer accepted.
    pause, clock
        Stand-ins for tests.

    Raises
    ------
    UsageError
        If ``base`` is no http(s) address, or carries a password.
    """

    base: str
    timeout_s: float = 30.0
    longest_s: float = 300.0
    requests_per_s: float = 5.0
    attempts: int = 4
    max_bytes: int = 1 << 29
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    _next_at: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        parts = urllib.parse.urlsplit(self.base)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(
                f"{parts.scheme}://{parts.hostname or ''}: is no address of a server; "
                "write for example http://127.0.0.1:9090"
            )
        if parts.password or parts.username:
            raise UsageError(
                f"the address of {parts.hostname} carries credentials; set {TOKEN_VARIABLE}, or "
                f"{USER_VARIABLE} and {PASSWORD_VARIABLE}, in the environment instead"
            )
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), _SameServer(parts.netloc)
        )

    def get(self, path: str, fields: Mapping[str, str] | None = None) -> bytes:
        """Return the body that ``path`` answers; ``fields`` become the query.

        Raises
        ------
        EvidenceError
            If the server refuses, stays busy or silent through all attempts, or answers more
            than ``max_bytes``.
        """
        query = "?" + urllib.parse.urlencode(fields) if fields else ""
        return self._ask(path, urllib.request.Request(self._url(path) + query))  # noqa: S310  # checked above

    def post(self, path: str, document: Any) -> bytes:
        """Return the body that ``path`` answers to a JSON document; raises as ``get``."""
        request = urllib.request.Request(  # noqa: S310  # the scheme was checked above
            self._url(path),
            data=json.dumps(document).encode(),
            headers={"Content-Type": "application/json"},
        )
        return self._ask(path, request)

    def get_json(self, path: str, fields: Mapping[str, str] | None = None) -> Any:
        """Return the JSON document that ``path`` answers; raises as ``get``."""
        return self._parse(path, self.get(path, fields))

    def post_json(self, path: str, document: Any) -> Any:
        """Return the JSON document answered to a JSON document; raises as ``get``."""
        return self._parse(path, self.post(path, document))

    def _parse(self, path: str, body: bytes) -> Any:
        try:
            return json.loads(body)
        except ValueError as error:
            raise EvidenceError(
                self._url(path), "answers no JSON", way_out="is it the right kind of server?"
            ) from error

    def _url(self, path: str) -> str:
        return self.base.rstrip("/") + path

    def _ask(self, path: str, request: urllib.request.Request) -> bytes:
        for name, value in _credentials().items():
            request.add_unredirected_header(name, value)
        why = ""
        for attempt in range(self.attempts):
            self._keep_rate()
            try:
                with self._opener.open(request, timeout=self.timeout_s) as answer:
                    return self._read(path, answer)
            except urllib.error.HTTPError as error:
                why = f"answers HTTP {error.code}"
                asked_s = _asked_pause_s(error.headers)
                error.close()
                if error.code not in _BUSY:
                    raise EvidenceError(self._url(path), why, way_out=_advice(error.code)) from None
                wait_s = 0.5 * 2.0**attempt if asked_s is None else asked_s
            except (OSError, http.client.HTTPException) as error:
                why = f"can't be reached ({getattr(error, 'reason', None) or type(error).__name__})"
                wait_s = 0.5 * 2.0**attempt
            if attempt + 1 < self.attempts:
                self.pause(min(wait_s, _LONGEST_PAUSE_S))
        raise EvidenceError(
            self._url(path), f"{why}, {self.attempts} times", way_out="try again later; it resumes"
        )

    def _read(self, path: str, answer: Any) -> bytes:
        deadline = self.clock() + self.longest_s
        body = bytearray()
        while part := answer.read1(min(_PART_BYTES, self.max_bytes + 1 - len(body))):
            body += part
            if len(body) > self.max_bytes:
                raise EvidenceError(
                    self._url(path),
                    f"answers more than {self.max_bytes:,} bytes",
                    way_out="choose a shorter window or a selection",
                )
            if self.clock() > deadline:
                raise EvidenceError(
                    self._url(path),
                    f"is not done answering after {self.longest_s:g} s",
                    way_out="choose a shorter window or a selection",
                )
        return bytes(body)

    def _keep_rate(self) -> None:
        now = self.clock()
        if now < self._next_at:
            self.pause(self._next_at - now)
        self._next_at = max(now, self._next_at) + 1.0 / self.requests_per_s


class _SameServer(urllib.request.HTTPRedirectHandler):
    """Follow redirects on the target itself, and nowhere else."""

    def __init__(self, netloc: str) -> None:
        self.netloc = netloc

    def redirect_request(  # the signature of urllib
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urllib.parse.urlsplit(newurl).netloc != self.netloc:
            raise EvidenceError(
                req.full_url, "redirects to another server", way_out="give that one as the target"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _asked_pause_s(headers: Message) -> float | None:
    """Return how long ``Retry-After`` asks to wait; ``None`` where it says nothing readable.

    A date counts from the server's own ``Date``, so that its clock may be wrong.

    References
    ----------
    RFC 9110, section 10.2.3.
    """
    asked = headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdecimal():
        return float(asked[:9])
    until = _moment(asked)
    if until is None:
        return None
    now = _moment(headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _moment(text: str) -> datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _credentials() -> dict[str, str]:
    token = os.environ.get(TOKEN_VARIABLE)
    if token:
        return {"Authorization": f"Bearer {token}"}
    user = os.environ.get(USER_VARIABLE)
    if not user:
        return {}
    pair = f"{user}:{os.environ.get(PASSWORD_VARIABLE, '')}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _advice(code: int) -> str:
    if code in {401, 403}:
        return f"set {TOKEN_VARIABLE}, or {USER_VARIABLE} and {PASSWORD_VARIABLE}"
    return "check the address and the selection"
