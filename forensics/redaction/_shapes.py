"""What secrets look like: tables of regular expressions, facts apart from the logic.

Every expression is linear in the text, or nearly so: no nested repetition that could
backtrack, possessive where two repetitions meet. Text is hostile here.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Shape(NamedTuple):
    """One kind of secret.

    ``clues`` are lower-case texts of which a line must hold one before the expression is
    tried; a group ``value`` is what is blanked, without one the whole match is.
    """

    kind: str
    clues: tuple[str, ...]
    pattern: re.Pattern[str]


# ---- named secrets

#: A quotation mark, as it is or escaped for JSON or HTML.
_Q: Final = r"\\*(?:[\"']|&(?:quot|#34|#39|#x27);)"
_KEY_NAME: Final = (
    r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credentials?|"
    r"(?:api|access|secret|private|signing|encryption|account|shared|auth|service|master)[_-]?key|"
    r"(?:shared)?accesskey|accountkey|apikey|authkey|"
    r"client[_-]?secret|(?:access|refresh|auth|id|session|bearer|csrf|xsrf|security)[_-]?token|"
    r"session[_-]?(?:id|key)|[a-z]*sess(?:ion)?id|connect\.sid|cvv2?|cvc2?|"
    r"(?:card[_-]?)?pin[_-]?code|x-amz-(?:signature|security-token|credential)|"
    r"(?:aws_)?secret_access_key|secretaccesskey|sslpassword|keystorepassword|"
    r"(?:proxy-)?authorization|x-(?:api-key|auth-token|vault-token|csrf-token))"
)
_NAME_START: Final = (
    rf"(?:(?<![a-z0-9]){_KEY_NAME}|(?<=[a-z0-9][_.-]){_KEY_NAME}|"
    r"(?<=[a-z])(?:password|passwd|secret|token|apikey|accesskey|secretkey|privatekey))"
)
_SECRET_NAME: Final = re.compile(rf"(?i)[\w.\-]*?{_NAME_START}")


def is_secret_name(name: str) -> bool:
    """Say whether a key of this name holds a secret: ``DB_PASSWORD``, ``client-secret``."""
    return bool(_SECRET_NAME.fullmatch(name[-120:]))


#: A line without one of these names no secret.
NAME_CLUES: Final = (
    "pass", "pwd", "secret", "token", "key", "credential", "sess", "connect.sid", "cvv", "cvc",
    "pin", "x-amz", "authorization",
)  # fmt: skip
HEADER_CLUES: Final = ("bearer", "basic", "digest", "token", "apikey", "negotiate", "ntlm")

#: Values that are none, although their key says so.
PLAIN_VALUES: Final = re.compile(
    r"(?i)(?:null|none|nil|true|false|yes|no|undefined|n/?a|missing|invalid|expired|valid|"
    r"unset|empty|required|redacted|string|bearer|basic|-?\d{1,3}|\*+|x+|\.+|<.*>|"
    r"\[[a-z-]+#[0-9a-f]{6}\].*|\$\{.*|\{\{.*|%s|\?)?"
)

#: One character of an unquoted value. A mark ends the value, unless more of it follows at
#: once that is no next key: p,w;d is one password, "p, user=x" and "p&ssl=1" are not.
_BARE: Final = (
    r"[^\s\"'\\,;&<>(){}\[\]]++"
    r"(?:[,;&(){}\[\]]++[^\s\"'\\,;&<>(){}\[\]=:]++(?![=:]|\\*[\"']))*+"
)
#: key=value, key: value, "key": "value", \"key\":\"value\"; the key may have a prefix
#: (db.password). A quote that a torn line never closes ends with the line.
KEYED: Final = re.compile(
    rf"""(?im)(?P<key>{_NAME_START})"""
    rf"""(?P<link>{_Q}?\s{{0,9}}(?:=>|:=|[:=])\s{{0,9}}|%3D)"""
    rf"""(?:(?P<quote>{_Q})(?P<quoted>.{{0,4096}}?)(?P<close>(?<!\\)(?P=quote)|$)"""
    rf"""|(?P<bare>{_BARE}))"""
)
HEADER: Final = re.compile(
    r"(?i)(?P<scheme>\b(?:bearer|basic|digest|token|apikey|negotiate|ntlm)\s+)"
    r"(?P<value>[A-Za-z0-9._~+/-]{8,}=*)"
)
WORD: Final = re.compile(r"[A-Z]?[a-z]+(?:[._/-][a-z]+)*|[A-Z]+|\d{1,3}(?:[.,]\d+)*")
LONGEST_WORD: Final = 24
COOKIES: Final = re.compile(
    r"(?i)(?P<key>\b(?:set-)?cookie\\*[\"']?\s{0,3}[:=]\s{0,3}\\*[\"']?)"
    r"(?P<value>[\w.%-]{1,64}=[^\s\"'\\;]{1,4096}(?:;\s?[\w.%-]{1,64}=[^\s\"'\\;]{1,4096}){0,50})"
)
COOKIE: Final = re.compile(
    r"(?i)(?:^|;\s?)(?!(?:path|domain|expires|max-age|samesite|version)=)[\w.%-]+=(?P<value>[^;]+)"
)

#: Session ids that open nothing: counters and short ids of servers' logs.
_SESSION_NUMBER: Final = re.compile(r"(?i)0x[0-9a-f]+|[\w.]{1,15}")
_SCHEMES: Final = frozenset({"bearer", "basic", "digest", "negotiate", "token", "apikey"})


def is_harmless(key: str, value: str) -> bool:
    """Say whether a named value is none to hide, such as the scheme after ``Authorization:``."""
    name = key.lower()
    if name.endswith("authorization"):
        return value.lower() in _SCHEMES
    if name.endswith("id") and "sess" in name:
        return bool(_SESSION_NUMBER.fullmatch(value))
    return False


#: A name in one field and its value in the next line or field; tried on the whole text.
_NAMED: Final = rf"{_Q}[\w.-]{{0,80}}?{_NAME_START}{_Q}"
_NEXT: Final = r"\s{0,9}:\s{0,9}"
_VALUE_CLUES: Final = ("value", 'val"', "val\\", "val&")
PAIRS: Final = (
    Shape(  # {"name": "DB_PASSWORD", "value": "x"}, OTLP's {"stringValue": "x"} inside
        "secret",
        _VALUE_CLUES,
        re.compile(
            rf"(?i){_Q}(?:name|key){_Q}{_NEXT}{_NAMED}\s{{0,9}},\s{{0,40}}{_Q}val(?:ue)?{_Q}{_NEXT}"
            rf"(?:\{{\s{{0,40}}{_Q}\w{{1,20}}{_Q}{_NEXT})?(?P<q>{_Q})"
            r"(?P<value>[^\"'\\\n&]{1,4096})(?P=q)"
        ),
    ),
    Shape(  # the value first
        "secret",
        _VALUE_CLUES,
        re.compile(
            rf"(?i){_Q}val(?:ue)?{_Q}{_NEXT}(?P<q>{_Q})(?P<value>[^\"'\\\n&]{{1,512}})(?P=q)"
            rf"\s{{0,9}},\s{{0,40}}{_Q}(?:name|key){_Q}{_NEXT}{_NAMED}"
        ),
    ),
    Shape(  # YAML: - name: DB_PASSWORD, next line value: x
        "secret",
        ("value:",),
        re.compile(
            rf"(?i)\bname:\s{{0,9}}[\w.-]{{0,80}}?{_NAME_START}\s{{0,9}}(?:\s|\\+n)\s{{0,40}}value:\s{{0,9}}"
            r"[\"']?(?P<value>[^\s\"'{]{1,4096})"
        ),
    ),
    Shape(
        "private-key",
        ("private key",),
        re.compile(
            r"-----BEGIN (?P<what>[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----"
            r"[^-]{0,65536}(?:-(?!----)[^-]{0,65536}){0,64}(?:-----END (?P=what)-----|\Z|(?=-----))"
        ),
    ),
)

#: Tried on each line: tokens that say themselves what they are, by their issuers' published
#: prefixes, and secrets told by what stands around them.
LINES: Final = (
    Shape("private-key", ("age-secret",), re.compile(r"\bAGE-SECRET-KEY-1[0-9A-Z]{58}")),
    Shape(  # any of the tokens below that somebody cut, saying so
        "token",
        ("…", "..."),
        re.compile(
            r"\b(?:A(?:KIA|SIA|ROA|IDA|BIA|CCA)|AIza|GOCSPX-|eyJ|gh[pousr]_|github_pat_|gl(?:pat|rt|dt|ptt)-"
            r"|xox[abeoprs]-|xapp-|npm_|pypi-|SG\.|[srp]k_(?:live|test)_|whsec_|hv[sbr]\.|gl(?:sa|c)_)"
            r"[\w.-]{4,80}?(?=…|\.\.\.)"
        ),
    ),
    Shape("jwt", ("eyj",), re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")),
    Shape(
        "aws-key",
        ("akia", "asia", "aroa", "aida", "abia", "acca"),
        re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    ),
    Shape(
        "gcp-key",
        ("aiza", "ya29.", "gocspx"),
        re.compile(r"\bAIza[\w-]{35}|\bya29\.[\w.-]{20,}|\bGOCSPX-[\w-]{20,}"),
    ),
    Shape(  # GitHub, GitLab
        "token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glp", "glrt-", "gldt-"),
        re.compile(r"\b(?:gh[pousr]_\w{30,}|github_pat_\w{30,}|gl(?:pat|rt|dt|ptt)-[\w-]{16,})"),
    ),
    Shape(  # Slack, npm, PyPI
        "token",
        ("xox", "xapp-", "npm_", "pypi-"),
        re.compile(
            r"\b(?:(?:xox[abeoprs]|xapp)-[\w-]{10,}|npm_\w{30,}|pypi-[\w-]{50,})",
        ),
    ),
    Shape(  # SendGrid, Stripe
        "token",
        ("sg.", "_live_", "_test_", "whsec_"),
        re.compile(
            r"\b(?:SG\.[\w-]{16,}\.[\w-]{16,}|(?:sk|rk|pk)_(?:live|test)_\w{10,}|whsec_\w{16,})"
        ),
    ),
    Shape(  # model services, Hugging Face, Vault, DigitalOcean, Docker, Shopify
        "token",
        ("sk-", "hf_", "hvs.", "hvb.", "hvr.", "dop_v1_", "dckr_pat_", "shp"),
        re.compile(
            r"\b(?:sk-(?:[a-z]{2,12}\d{0,2}-)?[A-Za-z0-9_-]{32,}|hf_[A-Za-z]{30,}|hv[sbr]\.[\w-]{20,}"
            r"|dop_v1_[a-f0-9]{64}|dckr_pat_[\w-]{20,}|shp(?:at|ca|pa|ss)_[a-f0-9]{32})"
        ),
    ),
    Shape(  # Grafana, New Relic, Atlassian, Square
        "token",
        ("glsa_", "glc_", "nrak-", "atatt3", "sq0"),
        re.compile(
            r"\b(?:gl(?:sa|c)_[\w+/=]{30,}|NRAK-[A-Z0-9]{27}|ATATT3[\w=-]{50,}"
            r"|sq0(?:atp|csp)-[\w-]{20,})"
        ),
    ),
    Shape(
        "password-hash",
        ("$2", "$argon2", "scram-sha-256$"),
        re.compile(
            r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|\$argon2(?:id|i|d)\$v=\d+\$[\w=,]+\$[\w+/]+\$[\w+/]+"
            r"|\bSCRAM-SHA-256\$\d+:[\w+/=]+\$[\w+/=]+:[\w+/=]+"
        ),
    ),
    Shape(  # scheme://user:password@host; the last @ before the path ends it
        "password",
        ("://",),
        re.compile(
            r"(?i)\b[a-z][a-z0-9+.-]{0,40}://[^\s/:@\"'<>\\]{0,256}:(?P<value>[^\s/\"'<>\\]{1,512})@"
        ),
    ),
    Shape(  # scheme://token@host
        "token",
        ("://",),
        re.compile(r"(?i)\b[a-z][a-z0-9+.-]{0,40}://(?P<value>(?=[a-z_-]*\d)[a-z0-9_-]{16,256})@"),
    ),
    Shape(  # jdbc:oracle:thin:user/password@host
        "password",
        ("jdbc:oracle",),
        re.compile(r"(?i)\bjdbc:oracle:\w{1,10}:[^\s/:@]{1,128}/(?P<value>[^\s@]{1,256})@"),
    ),
    Shape(  # SQL: WITH PASSWORD 'x', IDENTIFIED BY 'x'
        "password",
        ("password", "identified"),
        re.compile(
            r"(?i)\b(?:(?:user|role|with|encrypted)\s[^;\n]{0,200}?password|identified\s+by)"
            rf"\s+{_Q}(?P<value>[^\"'\\&\n]{{1,512}}){_Q}"
        ),
    ),
    Shape(  # --password x
        "password",
        ("--", " -p"),
        re.compile(
            rf"(?i)(?<![\w-])--?[\w-]{{0,40}}?{_NAME_START}\s+(?P<value>[^\s\"'-][^\s\"']{{2,512}})"
        ),
    ),
    Shape(
        "password",
        ("curl",),
        re.compile(
            r"(?i)\bcurl\b[^\n]{0,400}?\s(?:-u|--user)\s+[\"']?[^\s:\"']{1,128}:"
            r"(?P<value>[^\s\"']{1,256})"
        ),
    ),
    Shape(  # password is x, password "x": in quotation marks, or with a digit in it
        "password",
        ("password ", "passphrase ", "pwd ", "pin ", "key ", "secret ", "token "),
        re.compile(
            r"(?i)\b(?:password|passphrase|pwd|pin|api[ _-]?key|secret|access token)\s"
            r"(?:(?:is|was|of)\s)?(?:(?P<q>[\"'`])(?=[^\"'`\n]{0,256}(?P=q))|(?=[a-z]*[^a-z\s]*\d))"
            r"(?P<value>[^\s\"'`,;]{6,256})"
        ),
    ),
    Shape(  # <password>x</password>
        "secret",
        ("</", "&lt;/"),
        re.compile(
            rf"(?i)(?:<|&lt;)(?P<tag>[\w.:-]{{0,80}}?{_NAME_START})(?:>|&gt;)"
            r"(?P<value>[^<&\s]{1,4096})(?:<|&lt;)/(?P=tag)"
        ),
    ),
    Shape(  # name="password" value="x"
        "secret",
        ("value=",),
        re.compile(
            rf"(?i)\b(?:name|key)={_NAMED}\s{{1,9}}value="
            rf"(?P<q>{_Q})(?P<value>[^\"'\\<\n&]{{1,4096}})(?P=q)"
        ),
    ),
    Shape(
        "token",
        ("hooks.slack.com", "/api/webhooks/"),
        re.compile(
            r"(?:hooks\.slack\.com/(?:services|workflows|triggers)|discord(?:app)?\.com/api/webhooks/\d+)"
            r"/(?P<value>[\w/-]{10,})"
        ),
    ),
    Shape(  # signed URLs
        "token",
        ("sig", "code=", "auth="),
        re.compile(
            r"(?i)[?&](?:amp;)?(?:sig|signature|x-amz-signature|code|auth)=(?P<value>[\w%+/=.-]{16,})"
        ),
    ),
)  # fmt: skip

# ---- personal data

EMAIL: Final = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}\b", re.IGNORECASE
)
IPV4: Final = re.compile(
    r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.]\d?)"
)
#: At least two colons and a hexadecimal group of letters or four digits: no time of day.
IPV6: Final = re.compile(
    r"(?i)(?<![\w:.])(?=[0-9a-f:.]*(?:::|[0-9a-f]{3,4}:))(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:.]\d?)"
)
