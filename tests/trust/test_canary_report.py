"""Unique secrets in every free text of every format are in no byte of any output.

With executed notebooks: ``FORENSICS_NOTEBOOKS=1 python -m pytest`` and this file.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import orjson
import pytest

from forensics import open_heap
from forensics.cli import main
from forensics.jupyter import explore
from tests.trust.canaries import make
from tests.trust.planted import plant

CANARIES = make(41)
#: How much of a secret, cut off by a limit on length, counts as leaked.
PIECE = 10


def leaks(text: str, where: str) -> list[str]:
    """Return which canaries, or which long parts of one, a text holds."""
    found = []
    for canary in CANARIES:
        tail = canary.secret[-PIECE:]
        head = canary.secret[:PIECE] if canary.kind not in {"jwt", "bcrypt"} else tail
        pieces = {canary.secret, head, tail} if len(canary.secret) > PIECE else {canary.secret}
        for piece in pieces:
            at = text.find(piece)
            if at >= 0:
                found.append(f"{where}: {canary.kind}: {text[max(0, at - 60) : at + 40]!r}")
    return found


def leaks_in_folder(folder: Path) -> list[str]:
    """Search every file of a run folder, names included, the PDF by its text."""
    found = []
    for path in sorted(folder.rglob("*")):
        found += leaks(str(path.relative_to(folder)), "file name")
        if path.suffix == ".pdf":
            done = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, check=True)
            found += leaks(done.stdout.decode(errors="replace"), path.name)
        elif path.is_file():
            found += leaks(path.read_bytes().decode("utf-8", errors="replace"), path.name)
    return found


@pytest.fixture(scope="module")
def evidence(tmp_path_factory) -> Path:
    return plant(tmp_path_factory.mktemp("canaries") / "evidence", [c.text for c in CANARIES])


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORENSICS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def run(capsys, *arguments: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out + err


@pytest.fixture(scope="module")
def report(evidence, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("out") / "report"
    extra = [] if os.environ.get("FORENSICS_NOTEBOOKS") else ["--no-notebooks"]
    with pytest.raises(SystemExit) as ended:
        main(["report", str(evidence), "--out", str(out), "--quiet", *extra])
    assert ended.value.code in {0, None}
    return out


def test_the_planted_evidence_is_read(report) -> None:
    """Canaries in files that nothing reads would prove nothing."""
    files = orjson.loads((report / "findings.json").read_bytes())["evidence"]
    unread = [f["path"] for f in files if f["status"] not in {"read", "partly"}]
    assert len(files) > 60
    assert len(unread) <= 2, unread


def test_no_secret_is_in_any_byte_of_the_report(report) -> None:
    assert leaks_in_folder(report) == []
    texts = [path.read_text(errors="replace") for path in report.glob("postmortem.*m*")]
    assert all("#" in text for text in texts)


def test_pseudonyms_show_that_secrets_were_there(report) -> None:
    text = (report / "findings.json").read_text()
    assert "[card#" in text
    assert "[password#" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["claims", "EVIDENCE/declaration.md", "EVIDENCE", "--json"],
        ["claims", "EVIDENCE/declaration.md"],
        ["logs", "patterns", "EVIDENCE/shop.jsonl", "--top", "0"],
        ["logs", "patterns", "EVIDENCE/shop.jsonl", "--json"],
        ["logs", "patterns", "EVIDENCE/shop.jsonl", "--csv", "-"],
        ["logs", "patterns", "EVIDENCE/shop.jsonl", "--csv", "OUT/patterns.csv"],
        ["heap", "EVIDENCE/heap.hprof", "--json"],
        ["heap", "EVIDENCE/heap.hprof"],
        ["heap", "diff", "EVIDENCE/heap.hprof", "EVIDENCE/heap.hprof", "--json"],
        ["growth", "EVIDENCE/memory.csv", "--json"],
        ["verify", "REPORT", "--evidence", "EVIDENCE"],
        ["diff", "REPORT", "REPORT"],
        ["charts", "REPORT"],
        ["report", "EVIDENCE", "--out", "EVIDENCE/x"],
        ["inspect", "EVIDENCE/no such password=geheim12345"],
        ["index", "REPORT"],
        ["--debug", "inspect", "EVIDENCE/no such password=geheim12345"],
        ["collect", "prometheus", "http://app:geheim12345@127.0.0.1:1", "--out", "OUT/e"],
        ["heap", "survey", "EVIDENCE/heap.hprof", "--json"],
        ["heap", "survey", "EVIDENCE/heap.hprof"],
        ["heap", "EVIDENCE/heap.hprof", "--sql", "select * from classes"],
    ],
    ids=lambda arguments: " ".join(arguments[:3]),
)
def test_no_verb_prints_a_secret(arguments, evidence, report, tmp_path, capsys) -> None:
    places = {"EVIDENCE": str(evidence), "REPORT": str(report), "OUT": str(tmp_path)}
    filled = []
    for argument in arguments:
        for name, place in places.items():
            argument = argument.replace(name, place)  # noqa: PLW2901  # three names at most
        filled.append(argument)
    _, text = run(capsys, *filled)
    assert leaks(text, arguments[0]) == []
    assert leaks_in_folder(tmp_path) == []
    assert "geheim12345" not in text


def test_inspect_prints_no_secret_of_any_format(evidence, capsys) -> None:
    found = []
    paths = sorted(p for p in evidence.rglob("*") if p.is_file())
    for number, path in enumerate(paths):
        form = ["--json"] if number % 2 else []
        _, text = run(capsys, "inspect", path, *form)
        found += leaks(text, path.name)
    assert found == []


def test_the_heap_explorer_sends_no_secret(evidence) -> None:
    """What goes to the browser: the page without a kernel, the first state, answers to clicks."""
    graph = open_heap(evidence / "heap.hprof")
    explorer = explore(graph)
    strings = graph.instances(graph.find_class("java.lang.String")).tolist()
    questions = [
        {"ask": "search", "text": "String"},
        {"ask": "search", "text": CANARIES[0].secret},
        *({"ask": ask, "of": -1} for ask in ("classes", "treemap", "icicle")),
        *({"ask": "object", "of": number} for number in strings[:: len(strings) // 200]),
    ]
    answers = [explorer.answer(question) for question in questions]
    assert not any("error" in answer for answer in answers)
    shown = [str(explorer._repr_mimebundle_()), str(explorer.get_state()), str(answers[2:])]
    assert leaks(" ".join(shown), "explorer") == []
    assert "[password#" in shown[-1]


def test_evidence_that_is_redacted_in_the_record_is_found_again(evidence, report, capsys) -> None:
    code, text = run(capsys, "verify", report, "--evidence", evidence, "--no-replay")
    assert code == 0, text
