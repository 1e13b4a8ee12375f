"""Values for the variables of logging statements, by what the statement's author calls them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

Maker = Callable[[random.Random], str]
_SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "qui",
    "ro",
    "su",
    "ta",
    "ve",
    "wi",
    "xo",
    "yu",
    "za",
    "bra",
    "cle",
    "dri",
    "fro",
]
_WORDS = [
    "server",
    "request",
    "value",
    "table",
    "index",
    "queue",
    "worker",
    "client",
    "remote",
    "local",
    "primary",
    "replica",
    "master",
    "backup",
    "cluster",
    "session",
    "message",
    "stream",
    "buffer",
    "cache",
    "channel",
    "device",
    "network",
    "default",
    "pending",
    "missing",
    "invalid",
    "expired",
    "closed",
    "broken",
    "empty",
    "full",
    "unknown",
    "internal",
    "external",
    "public",
    "private",
]
_PHRASES = (
    "connection refused", "timed out", "no such file or directory", "permission denied",
    "broken pipe", "name or service not known", "connection reset by peer", "out of memory",
    "operation not permitted", "invalid argument", "resource temporarily unavailable",
    "no route to host", "unexpected end of file", "bad file descriptor", "device busy",
)  # fmt: skip
_STATES = [
    "running",
    "stopped",
    "starting",
    "failed",
    "ready",
    "idle",
    "active",
    "closed",
    "open",
    "pending",
]
_EXTENSIONS = ["py", "log", "txt", "conf", "json", "yaml", "so", "db", "tar.gz", "xml"]


def _word(r: random.Random) -> str:
    return "".join(r.choice(_SYLLABLES) for _ in range(r.randrange(2, 4)))


def _identifier(r: random.Random) -> str:
    style = r.randrange(5)
    parts = [r.choice(_WORDS) for _ in range(r.randrange(1, 3))]
    if style == 0:
        return "_".join(parts)
    if style == 1:
        return "".join(p.title() for p in parts)
    if style == 2:
        return "-".join(parts)
    return parts[0] if style == 3 else _word(r)


def _hex(r: random.Random, n: int) -> str:
    return "".join(r.choice("0123456789abcdef") for _ in range(n))


def _ip(r: random.Random) -> str:
    return ".".join(str(r.randrange(1, 255)) for _ in range(4))


def _host(r: random.Random) -> str:
    domain = r.choice(["example.com", "lan", "corp.example.org"])
    return f"{_word(r)}{r.choice(['', '', str(r.randrange(20))])}.{domain}"


def _path(r: random.Random) -> str:
    tail = f"/{_word(r)}.{r.choice(_EXTENSIONS)}" if r.random() < 0.6 else ""
    return "/" + "/".join(_identifier(r) for _ in range(r.randrange(1, 5))) + tail


def _class(r: random.Random) -> str:
    name = "".join(r.choice(_WORDS).title() for _ in range(r.randrange(1, 4)))
    return f"{r.choice(['org', 'com', 'io'])}.{_word(r)}.{r.choice(_WORDS)}.{name}"


def _error(r: random.Random) -> str:
    phrase = r.choice(_PHRASES)
    style = r.randrange(5)
    if style == 0:
        return f"[Errno {r.randrange(1, 120)}] {phrase.capitalize()}"
    if style == 1:
        return f"{r.choice(_WORDS).title()}Error: {phrase}"
    if style == 2:
        return f"{phrase}: {_path(r)}"
    return phrase if style == 3 else phrase.capitalize()


def _list(r: random.Random) -> str:
    return "[" + ", ".join(f"'{_identifier(r)}'" for _ in range(r.randrange(0, 5))) + "]"


def _dict(r: random.Random) -> str:
    return (
        "{"
        + ", ".join(f"'{r.choice(_WORDS)}': {r.randrange(99)}" for _ in range(r.randrange(0, 4)))
        + "}"
    )


def _command(r: random.Random) -> str:
    options = [
        r.choice([f"-{r.choice('abcdef')}", f"--{r.choice(_WORDS)}={r.randrange(9)}", _path(r)])
        for _ in range(r.randrange(0, 4))
    ]
    return " ".join([r.choice([_path(r), _word(r)]), *options])


def _size(r: random.Random) -> str:
    return (
        f"{r.uniform(0, 999):.{r.randrange(3)}f}{r.choice(['', ' '])}{r.choice(['B', 'KiB', 'MB'])}"
    )


def _url(r: random.Random) -> str:
    query = f"?{r.choice(_WORDS)}={_word(r)}&n={r.randrange(99)}" if r.random() < 0.3 else ""
    host = f"{r.choice([_host(r), _ip(r)])}:{r.randrange(80, 9000)}"
    return f"{r.choice(['http', 'https', 'tcp'])}://{host}{_path(r)}{query}"


def _number(r: random.Random) -> str:
    return str(r.randrange(10 ** r.randrange(1, 7)))


def _pooled(make: Maker, r: random.Random, most: int) -> Maker:
    """Values come from a pool of one program's: few users, tables, modules; by Zipf's law."""
    pool = list(dict.fromkeys(make(r) for _ in range(r.randrange(1, most + 1))))
    weights = [1 / (rank + 1) for rank in range(len(pool))]
    return lambda chance: chance.choices(pool, weights)[0]


#: First that is found in the name of the value.
_BY_NAME: tuple[tuple[str, Callable[[random.Random], Maker]], ...] = (
    (r"url|uri|endpoint|href|link", lambda r: _url),
    (
        r"path|file|dir|folder|filename|script|config|conf",
        lambda r: _path if r.random() < 0.8 else _pooled(_identifier, r, 20),
    ),
    (
        r"host|server|peer|node|broker|remote|addr|ip$|client",
        lambda r: r.choice(
            [_ip, _pooled(_host, r, 30), lambda q: f"{_ip(q)}:{q.randrange(1024, 65535)}"]
        ),
    ),
    (
        r"port|pid|num|count|size|len|total|idx|index|seconds|timeout|delay|retr|attempt|bytes|code|line|offset|version|time|elapsed|duration|interval|length|max|min|rc$|errno|signal|fd$|level",
        lambda r: _number,
    ),
    (
        r"id$|uuid|token|hash|digest|sha",
        lambda r: r.choice(
            [
                _number,
                lambda q: _hex(q, 32),
                lambda q: f"{_hex(q, 8)}-{_hex(q, 4)}-{_hex(q, 4)}-{_hex(q, 4)}-{_hex(q, 12)}",
            ]
        ),
    ),
    (
        r"^(e|ex|exc|err)$|error|exception|reason|failure|msg|message|why|strerror|failed",
        lambda r: _error,
    ),
    (r"state|status|mode|phase", lambda r: _pooled(lambda q: q.choice(_STATES), r, 5)),
    (r"cmd|command|argv", lambda r: _command),
    (r"args|list|names|items|ids|keys|values|missing|options", lambda r: _list),
    (r"dict|kwargs|params|headers|data|body|payload|info", lambda r: _dict),
    (
        r"class|type|cls|module|package|bean",
        lambda r: r.choice([_pooled(_class, r, 20), _pooled(_identifier, r, 20)]),
    ),
    (r"is_|has_|enabled|flag", lambda r: lambda q: q.choice(["True", "False"])),
    (
        r"name|user|key|topic|queue|table|database|group|role|interface|service|task|job|target|domain|label|worker|plugin",
        lambda r: _pooled(_identifier, r, 25),
    ),
)
_ANY: tuple[Callable[[random.Random], Maker], ...] = (
    lambda r: _number, lambda r: _number, lambda r: _number, lambda r: _path, lambda r: _ip,
    lambda r: _pooled(_identifier, r, 30), lambda r: _pooled(_identifier, r, 8),
    lambda r: _pooled(_class, r, 15), lambda r: lambda q: f"0x{_hex(q, 8)}",
    lambda r: _size, lambda r: _error,
)  # fmt: skip


_UNIT = re.compile(r" ?(?:ms|us|ns|msecs?|secs?|seconds|s|%|[KMG]i?B|bytes)\b")


def value_maker(hint: str, before: str, after: str, r: random.Random) -> Maker:
    """Return what makes the values of one variable: ``d:port`` is a number called port.

    What stands beside it says what no author would put there: behind ``0x`` are hexadecimal
    digits, a unit follows a number, and why something failed is said at an end, in brackets or
    behind a colon.
    """
    kind, _, name = hint.partition(":")
    if before.endswith("0x"):
        kind = "x"
    elif _UNIT.match(after):
        kind = "d"
    if kind in "diu":
        return _number
    if kind in "xXp":
        return lambda q: _hex(q, 8)
    if kind in "eEfFgG":
        return lambda q: f"{q.uniform(0, 99):.3f}"
    if kind == "c":
        return lambda q: q.choice("abcxyz")
    make = next((rule(r) for found, rule in _BY_NAME if re.search(found, name)), None)
    is_closed = (
        not after.strip(".!") or after[0] in ")]," or before.rstrip()[-1:] in ("(", "[", ":")
    )
    make = make or r.choice(_ANY if is_closed else _ANY[:-1])(r)
    return (lambda q: repr(make(q))) if kind == "r" else make
