"""Logging statements of programs that are installed here: the truth for the miner's benchmark.

What a program's author wrote is taken from Python sources (calls of loggers), from the constant
pools of Java classes (``{}``), and from printable strings in compiled programs (``%s``). Nothing
is copied into the project: the statements are read where they are installed, at run time.
"""

from __future__ import annotations

import ast
import re
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_METHODS = {"debug", "info", "warning", "warn", "error", "critical", "exception", "fatal", "msg"}
_PERCENT = re.compile(
    r"%(?:\((\w+)\))?[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?[hlLqjzt]*([diouxXeEfFgGcsrap])"
)
_BRACES = re.compile(r"\{(\w*)(?:![rsa])?(?::[^{}]*)?\}")
_PRINTABLE = re.compile(rb"[\x20-\x7e]{10,200}")
_LITERAL_WORD = re.compile(r"[A-Za-z]{2,}")


@dataclass(frozen=True, slots=True)
class Statement:
    """Literal parts, and between them a hint of what each variable is (``d:port``)."""

    literals: tuple[str, ...]
    hints: tuple[str, ...]

    @property
    def template(self) -> str:
        """The statement with ``<*>`` for each variable: the truth."""
        return "<*>".join(self.literals)


def python_statements(root: Path) -> list[Statement]:
    """Return the statements of a Python package."""
    found = []
    for path in sorted(root.rglob("*.py")):
        if "test" in str(path.relative_to(root)):
            continue
        try:
            tree = ast.parse(path.read_text(errors="replace"))
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found += _of_call(node)
    return _sound(found)


def _of_call(node: ast.Call) -> list[Statement]:
    function = node.func
    if not (isinstance(function, ast.Attribute) and function.attr in _METHODS and node.args):
        return []
    if "log" not in ast.unparse(function.value).lower():
        return []
    text, values = node.args[0], list(node.args[1:])
    if isinstance(text, ast.BinOp) and isinstance(text.op, ast.Mod):
        values = text.right.elts if isinstance(text.right, ast.Tuple) else [text.right]
        text = text.left
    if isinstance(text, ast.Call) and getattr(text.func, "attr", "") == "format":
        values, text = list(text.args), text.func.value
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            return [_cut(text.value, _BRACES, [_name(v) for v in values])]
    if isinstance(text, ast.JoinedStr):
        return [_of_f_string(text)]
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        return [_cut(text.value, _PERCENT, [_name(v) for v in values])]
    return []


def _of_f_string(text: ast.JoinedStr) -> Statement:
    literals, hints = [""], []
    for part in text.values:
        if isinstance(part, ast.Constant):
            literals[-1] += str(part.value)
        else:
            literals.append("")
            hints.append("s:" + _name(part.value))
    return Statement(tuple(literals), tuple(hints))


def _name(value: ast.expr) -> str:
    """Return the last name in an expression: what the author calls the value."""
    names = re.findall(r"[A-Za-z_]\w*", ast.unparse(value))
    return names[-1].lower() if names else ""


def _cut(text: str, placeholder: re.Pattern[str], names: list[str]) -> Statement:
    """Cut at the placeholders; a value without a name is called by the word before it."""
    literals, hints, at = [], [], 0
    for match in placeholder.finditer(text):
        literals.append(text[at : match.start()].replace("%%", "%"))
        words = _LITERAL_WORD.findall(literals[-1])
        name = names[len(hints)] if len(hints) < len(names) else words[-1].lower() if words else ""
        kind = match[2] if placeholder is _PERCENT else "s"
        hints.append(f"{kind}:{match[1] or name}")
        at = match.end()
    return Statement((*literals, text[at:].replace("%%", "%")), tuple(hints))


def program_statements(root: Path) -> list[Statement]:
    """Return the ``%s`` strings of programs and libraries that read like messages."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.read_bytes()[:4] == b"\x7fELF":
            texts = [m.decode() for m in _PRINTABLE.findall(path.read_bytes())]
            found += [_cut(text, _PERCENT, []) for text in texts if _is_prose(text)]
    return _sound(found)


def java_statements(root: Path) -> list[Statement]:
    """Return the ``{}`` strings in the classes of the jars below ``root``."""
    found = []
    for path in sorted(root.rglob("*.jar")):
        with zipfile.ZipFile(path) as jar:
            for name in jar.namelist():
                if name.endswith(".class"):
                    texts = _string_constants(jar.read(name))
                    logs = [t for t in texts if "{}" in t or (_is_prose(t) and "%" not in t)]
                    found += [_cut(t, _BRACES, []) for t in logs]
    return _sound(found)


def _is_prose(text: str) -> bool:
    """Whether three or more words of letters with blanks between them stand in it."""
    plain = _BRACES.sub(" x ", _PERCENT.sub(" x ", text))
    if re.search(r"[<>\\$~^]|--|(?i:select |usage:|copyright)|::|  ", text):
        return False
    return len(re.findall(r"(?<![\w/.])[A-Za-z]{2,}(?=[ ,.:)]|$)", plain)) >= 3


def _string_constants(data: bytes) -> Iterator[str]:
    """Yield the strings of a class file (JVM specification, section 4.4)."""
    sizes = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4,
             18: 4, 19: 2, 20: 2}  # fmt: skip
    count = struct.unpack_from(">H", data, 8)[0]
    at, index, texts, wanted = 10, 1, {}, []
    while index < count:
        tag = data[at]
        if tag == 1:
            length = struct.unpack_from(">H", data, at + 1)[0]
            texts[index] = data[at + 3 : at + 3 + length]
            at += 3 + length
        else:
            if tag == 8:
                wanted.append(struct.unpack_from(">H", data, at + 1)[0])
            at += 1 + sizes[tag]
        index += 2 if tag in (5, 6) else 1
    for index in wanted:
        yield texts.get(index, b"").decode("utf-8", "replace")


def _sound(found: list[Statement]) -> list[Statement]:
    """Keep one of each, of one line, that is more than variables."""
    kept: dict[str, Statement] = {}
    for one in found:
        literals = (
            (one.literals[0].lstrip(), *one.literals[1:-1], one.literals[-1].rstrip())
            if len(one.literals) > 1
            else (one.literals[0].strip(),)
        )
        trimmed = Statement(literals, one.hints)
        text = " ".join(literals)
        if "\n" not in text and "\t" not in text and len(_LITERAL_WORD.findall(text)) >= 2:
            kept.setdefault(" ".join(trimmed.template.split()), trimmed)
    return [kept[text] for text in sorted(kept)]
