"""Read the text of a stack trace: which exceptions caused which, and through which frames.

Java and its kin, Python, JavaScript, .NET and Go print traces in different orders; here
each is a chain from the exception that surfaced to its root cause, and each frame list
begins where the exception was thrown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

#: Lines that make up a trace's signature: headers and frames, without messages and line numbers.
SIGNATURE_LINE: Final = (
    r"(?m)^(?:"
    r"\s*at (?:async |new )?[^\s(]+(?: \[as \w+\])?(?: ?\([^)\n]*\))?"  # Java, .NET, JavaScript
    r"|[ \t]+File \"[^\"\n]*\", line \d+, in \S+"  # Python
    r"|Traceback \(most recent call last\)"
    r"|panic: "
    r"|\s*--- End of inner exception stack trace"  # .NET
    r"|(?:\s*(?:Caused by|Suppressed|\[cause\]): |\s*---> |Exception in thread \"[^\"\n]*\" )?"
    r"(?:[A-Za-z_][\w$]*\.)*[A-Z][\w$]*(?::|$)"
    r"|[\w./*()-]+\.[\w.*()]+\(0x[^)\n]*\)"  # Go
    r")"
    r"| ---> (?:[A-Za-z_][\w$]*\.)*[A-Z][\w$]*:"  # .NET Framework: the cause on the same line
)
#: A frame of Go as loggers write it: without arguments, file and line below.
BARE_GO_FRAME: Final = r"(?m)^([\w./*()-]+\.[\w.*()-]+)(\n[\t ]+\S+\.go:\d+)"
_HEADER: Final = re.compile(
    r"^(?P<lead>\s*(?:Caused by|Suppressed|\[cause\]): |\s*---> |Exception in thread \"[^\"]*\" )?"
    r"(?P<type>(?:[A-Za-z_][\w$]*\.)*[A-Z][\w$]*):?$"
)
_JAVA: Final = re.compile(r"^\s*at (?:async |new )?(?P<name>[^\s(]+)(?: \[as \w+\])?(?P<rest>.*)$")
_PYTHON: Final = re.compile(r"^[ \t]+File \"(?P<file>[^\"]*)\", line \d+, in (?P<name>\S+)$")
_GO: Final = re.compile(r"^(?P<name>[\w./*()-]+\.[\w.*()]+)\(0x")
#: ``java.base/``, ``app//`` and versions of modules and class loaders before a class.
_MODULE: Final = re.compile(r"^(?:[\w.@-]*/)+(?=[\w$]+\.)")
#: Names that a runtime makes up: lambdas, proxies, accessors, generated subclasses.
_MADE_UP: Final = re.compile(r"(\$\$?(?:Lambda|Proxy|EnhancerBy\w+|FastClassBy\w+)).*?(?=\.\w+$|$)")
_NUMBER: Final = re.compile(r"(?<=[$\w])\d+(?=\b|\$|/)|0x[0-9a-f]+")

# Java's own platform, other languages' on it, and libraries in wide use. An application is
# what most frames outside of these share, so a library that is missing here does little harm.
_LIBRARIES: Final = re.compile(
    r"^(?:javax?|jakarta|jdk|sun|com\.sun|kotlinx?|scala|groovy|clojure|akka|play"
    r"|org\.(?:apache|springframework|hibernate|eclipse|jboss|postgresql|mariadb|slf4j|junit"
    r"|codehaus|glassfish|wildfly|quartz|redisson|jooq|mongodb|elasticsearch|aspectj|xnio|h2"
    r"|infinispan|reactivestreams|bouncycastle|thymeleaf|flywaydb|kohsuke|mockito|keycloak)"
    r"|com\.(?:zaxxer|mysql|oracle|google|fasterxml|netflix|amazonaws|microsoft|ibm|mongodb"
    r"|datastax|rabbitmq|github|squareup|mchange|codahale|hazelcast|lmax|vladsch|typesafe)"
    r"|io\.(?:netty|micrometer|grpc|lettuce|undertow|vertx|reactivex|quarkus|micronaut|opentelemetry"
    r"|opentracing|prometheus|projectreactor|r2dbc|github|sentry|jaegertracing|swagger|zipkin)"
    r"|net\.(?:bytebuddy|sf|logstash|spy)|ch\.qos|reactor|rx|okhttp3|okio|retrofit2|redis\.clients"
    r"|brave|zipkin2|feign|software\.amazon|dev\.failsafe|oracle|liquibase|lombok|antlr"
    r"|System|Microsoft|Npgsql|Newtonsoft|MySql|Serilog|runtime|net|syscall|sync|reflect"
    r"|database|golang\.org|google\.golang\.org|github\.com/(?:lib|jackc|gin-gonic)"
    r")(?=[.$/]|$)"
)
_LIBRARY_PATHS: Final = re.compile(
    r"site-packages|dist-packages|[/\\]lib[/\\]python|node_modules|^node:|<frozen|<anonymous>"
)


@dataclass(frozen=True, slots=True)
class Trace:
    """One normalised stack trace.

    Attributes
    ----------
    chain
        Exception types, from the one that surfaced to the root cause.
    frames
        For each type its frames, the innermost call first.
    """

    chain: tuple[str, ...]
    frames: tuple[tuple[str, ...], ...]


def parse_trace(signature: str) -> Trace | None:
    """Return the trace that some signature lines tell of; ``None`` if they name no exception.

    Frames of Go alone are those of an ``error``: loggers write its stack without its type.
    """
    chain: list[str] = []
    frames: list[list[str]] = []
    loose: list[str] = []
    ended = 0
    is_python = "Traceback (most recent" in signature
    for line in signature.split("\n"):
        if line.startswith("panic: ") and not chain:
            chain.append("panic")
            frames.append([])
        elif line.lstrip().startswith("--- End of inner"):
            ended = min(ended + 1, max(len(frames) - 1, 0))
        elif frame := _frame(line):
            (loose if is_python or not frames else frames[-1 - ended]).append(frame)
        elif (header := _HEADER.match(line)) and not line.lstrip().startswith("Suppressed"):
            is_named = bool(loose) if is_python else bool(header["lead"]) or not chain
            if header["type"] == "Traceback" or not is_named:
                continue
            chain.append(header["type"])
            frames.append(loose[::-1] if is_python else [])
            loose, ended = [], 0
    if not chain and loose and all(map(_GO.match, signature.split("\n"))):
        chain, frames = ["error"], [loose]
    if not chain or chain[0].endswith("Thread.State"):
        return None
    if is_python:  # the exception that surfaced comes last
        chain, frames = chain[::-1], frames[::-1]
    return Trace(tuple(chain), tuple(map(tuple, frames)))


def _frame(line: str) -> str | None:
    if found := _PYTHON.match(line):
        return f"{found['file']}:{found['name']}"
    if found := _JAVA.match(line):
        name = _MODULE.sub("", found["name"])
        path = re.search(r"\(((?:file:|node:|[\w.]*/).*?)(?::\d+)*\)", found["rest"])
        name = f"{path[1]}:{name}" if path else name
        return _NUMBER.sub("N", _MADE_UP.sub(r"\1", name))
    found = _GO.match(line)
    return found["name"] if found else None


def is_library(frame: str) -> bool:
    """Tell whether a frame belongs to a platform or a library in wide use."""
    return bool(_LIBRARIES.match(frame) or _LIBRARY_PATHS.search(frame))


def find_application(traces: Iterable[tuple[Trace, int]]) -> str | None:
    """Return the namespace that most frames outside platform and libraries share.

    Parameters
    ----------
    traces
        Each with how often it was logged. A frame counts once a logged trace, so that deep
        recursion doesn't win.

    Returns
    -------
    str or None
        Two leading parts of a name (``com.acme``) or a file's folder.
    """
    weight: Counter[str] = Counter()
    for trace, count in traces:
        spaces = {namespace(f) for part in trace.frames for f in part if not is_library(f)}
        for space in spaces:
            weight[space] += count
    return min(weight, key=lambda space: (-weight[space], space)) if weight else None


def namespace(frame: str) -> str:
    """Return the leading parts of a frame's name that tell whose it is.

    Examples
    --------
    >>> namespace("com.acme.pay.Till.close"), namespace("/app/till.py:close")
    ('com.acme', '/app')
    """
    if "/" in frame:
        return frame.rsplit(":", 1)[0].rsplit("/", 1)[0]
    parts = frame.split(".")
    is_type = (p[:1].isupper() or p.startswith("(") for p in parts)
    packages = parts[: next((i for i, found in enumerate(is_type) if found), len(parts) - 1)]
    return ".".join(packages[:2]) or parts[0]


def first_application_frame(trace: Trace, application: str | None) -> str | None:
    """Return where the application's own code comes first, root cause before what it caused.

    Without a frame of the application the first outside platform and libraries, and
    without that the innermost frame of all.
    """
    parts = trace.frames[::-1]
    for part in parts:
        for frame in part:
            if (
                application is not None
                and not is_library(frame)
                and namespace(frame) == application
            ):
                return frame
    for part in parts:
        for frame in part:
            if not is_library(frame):
                return frame
    return next((frame for part in parts for frame in part), None)


def describe_chain(chain: Iterable[str]) -> str:
    """Return a cause chain in words, types without their packages."""
    return ", caused by ".join(name.rsplit(".", 1)[-1] for name in chain)


def versions_by_host(*known: Mapping[str, set[str]]) -> dict[str, str]:
    """Return the version of each host that all sources give just one of."""
    merged: dict[str, set[str]] = {}
    for source in known:
        for host, versions in source.items():
            merged.setdefault(host, set()).update(versions)
    return {host: min(versions) for host, versions in merged.items() if len(versions) == 1}
