"""Secrets that exist nowhere else, one of each kind, as they stand in logs and settings.

``make`` gives each a fresh random value, so that finding the value in an output proves
that it came from the evidence.
"""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable
from dataclasses import dataclass

LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Canary:
    """One secret: its kind, the text it stands in, and what must be found nowhere."""

    kind: str
    text: str
    secret: str


def make(seed: int) -> list[Canary]:
    """Return one canary of each kind."""
    chance = random.Random(seed)
    return [_canary(kind, text, secret(chance)) for kind, (text, secret) in KINDS.items()]


def _canary(kind: str, text: str, secret: str) -> Canary:
    return Canary(kind, text.replace("§", secret), secret)


def _word(length: int, alphabet: str = LETTERS) -> Callable[[random.Random], str]:
    def draw(chance: random.Random) -> str:
        return "".join(chance.choice(alphabet) for _ in range(length - 2)) + "Q7"

    return draw


def _upper(length: int) -> Callable[[random.Random], str]:
    def draw(chance: random.Random) -> str:
        return "".join(chance.choice(string.ascii_uppercase) for _ in range(length - 1)) + "7"

    return draw


def card(prefix: str, length: int, *, groups: tuple[int, ...] = (), mark: str = "") -> Callable:
    """Return a maker of card numbers with a right check digit."""

    def draw(chance: random.Random) -> str:
        body = prefix + "".join(chance.choice("123456789") for _ in range(length - len(prefix) - 1))
        total = 0
        for place, digit in enumerate(reversed(body)):
            value = int(digit) * (2 - place % 2)
            total += value - 9 * (value > 9)
        digits = body + str(-total % 10)
        parts, at = [], 0
        for size in groups or (length,):
            parts.append(digits[at : at + size])
            at += size
        return mark.join(parts)

    return draw


def _jwt(chance: random.Random) -> str:
    claims = base64.urlsafe_b64encode(f'{{"sub":"{_word(12)(chance)}"}}'.encode()).decode()
    return f"eyJhbGciOiJIUzI1NiJ9.{claims.rstrip('=')}.{_word(43)(chance)}"


FOURS = (4, 4, 4, 4)
KINDS: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "card": ("charged § at once", card("4", 16)),
    "card spaced": ("card § 500 ms", card("5412", 16, groups=FOURS, mark=" ")),
    "card dashed": ("card § declined", card("6011", 16, groups=FOURS, mark="-")),
    "card dotted": ("card § declined", card("4", 16, groups=FOURS, mark=".")),
    "card after a number": ("12 § 34", card("4", 16, groups=FOURS, mark=" ")),
    "card in a key": ("pan_§", card("4", 16)),
    "amex": ("amex §", card("3782", 15, groups=(4, 6, 5), mark=" ")),
    "card of 19 digits": ("card number §", card("62", 19)),
    "card in a form": ("pan=§&amount=4", card("4", 16, groups=FOURS, mark="+")),
    "jwt": ("got § from caller", _jwt),
    "aws id": ("with §", lambda chance: "AKIA" + _upper(16)(chance)),
    "aws secret": ("aws_secret_access_key = §", _word(40, LETTERS + "/+")),
    "aws session": ("aws_session_token=§", _word(60)),
    "gcp": ("key §", lambda chance: "AIza" + _word(35)(chance)),
    "github": ("cloned with §", lambda chance: "ghp_" + _word(36)(chance)),
    "slack": ("sent by §", lambda chance: "xoxb-" + _word(24)(chance)),
    "slack hook": ("posted https://hooks.slack.com/services/§", _word(40, LETTERS + "/")),
    "stripe": ("with §", lambda chance: "sk_live_" + _word(24)(chance)),
    "vault": ("with §", lambda chance: "hvs." + _word(24)(chance)),
    "password in a URL": ("to postgres://app:§@db:5432/pay", _word(14)),
    "at sign in a URL": ("to amqp://app:§@mq/v", lambda chance: "p@" + _word(12)(chance)),
    "redis URL": ("redis://:§@cache:6379", _word(14)),
    "jdbc": ("jdbc:postgresql://db/x?user=a&password=§&ssl=1", _word(14)),
    "jdbc sqlserver": ("jdbc:sqlserver://db;user=sa;password=§;encrypt=true", _word(14)),
    "jdbc oracle": ("jdbc:oracle:thin:scott/§@db:1521:x", _word(14)),
    "azure": ("AccountName=x;AccountKey=§;EndpointSuffix=y", _word(44)),
    "key=value": ("password=§", _word(12)),
    "marks inside": (
        "password=§ tried",
        lambda chance: f"p,{_word(4)(chance)};w{_word(8)(chance)}",
    ),
    "prefix": ("SPRING_DATASOURCE_PASSWORD=§", _word(12)),
    "glued prefix": ("PGPASSWORD=§ psql", _word(12)),
    "property": ("-Djavax.net.ssl.keyStorePassword=§ -jar", _word(12)),
    "option": ("mysqldump --password § shop", _word(12)),
    "curl": ("curl -s -u admin:§ https://h/x", _word(12)),
    "json": ('{"clientSecret":"§","a":1}', _word(20)),
    "json in json": (r'{"m":"{\"apiKey\":\"§\"}"}', _word(20)),
    "yaml": ("db_password: §", _word(12)),
    "pair": ('{"name": "DB_PASSWORD", "value": "§"}', _word(12)),
    "otlp pair": ('{"key":"api_key","value":{"stringValue":"§"}}', _word(20)),
    "yaml pair": ("- name: DB_PASSWORD\n  value: §", _word(12)),
    "xml": ("<db><password>§</password></db>", _word(12)),
    "xml attribute": ('<property name="password" value="§"/>', _word(12)),
    "bearer": ("Authorization: Bearer §", _word(30)),
    "basic": ("Authorization: Basic §", _word(24)),
    "bare scheme": ("Authorization: §", _word(30)),
    "api key header": ("X-Api-Key: §", _word(24)),
    "cookie": ("Cookie: lang=en; JSESSIONID=§; a=b", _word(32)),
    "set-cookie": ("Set-Cookie: sid=§; Path=/; Secure", _word(32)),
    "session": ("sessionId=§ expired", _word(32)),
    "signed URL": ("GET https://b/x?X-Amz-Signature=§ 200", _word(64, "0123456789abcdef")),
    "sql": ("ALTER ROLE app WITH PASSWORD '§'", _word(12)),
    "prose": ("the password is §, changed", _word(12)),
    "bcrypt": ("hash §", lambda chance: "$2b$12$" + _word(53)(chance)),
    "pem": (
        "-----BEGIN RSA PRIVATE KEY-----\n§\n-----END RSA PRIVATE KEY-----",
        _word(64),
    ),
    "e-mail": ("mail to §", lambda chance: f"j.{_word(9)(chance)}@example.com"),
}
