"""The checks of a postmortem that a program can decide, for any report folder.

Each check looks at the written files, as a reader would, and answers with what it found; an
empty list means that nothing is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from forensics.redaction import redact
from forensics.report._html_tree import Element, read_tree

#: Wording that blames a person; quotes of the evidence are not ours and are not judged.
BLAME: Final = (
    "human error",
    "should have",
    "could have",
    "careless",
    "negligen",
    "failed to",
    "forgot",
    "at fault",
    "to blame",
    "incompetent",
)
#: Sources that are no file: the tables merged from all files of a kind.
MERGED: Final = frozenset({"metrics", "logs", "changes", "events"})
_NUMBER: Final = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
#: Punctuation that is left where a sentence was cut or put together wrongly.
_BROKEN: Final = re.compile(r"\w*(?:[:;,]\.|(?<!\.)\.\.(?!\.)|,,)(?=\s|$)")
_SILENT: Final = frozenset({"script", "style", "svg", "time", "code", "pre", "data", "q", "title"})


@dataclass(frozen=True, slots=True)
class Report:
    """A written report: its page as a tree, its findings and charts as data, its folder."""

    folder: Path
    page: Element
    findings: dict[str, Any]
    charts: list[dict[str, Any]]

    def section(self, name: str) -> Element | None:
        """Return a section of the page by its id, ``None`` where it is left out."""
        found = [s for s in self.page.find("section") if s.attrs.get("id") == name]
        return found[0] if found else None


def read_report(folder: Path) -> Report:
    """Read the files of a report that the checks look at."""
    return Report(
        folder,
        read_tree((folder / "postmortem.html").read_text(encoding="utf-8")),
        orjson.loads((folder / "findings.json").read_bytes()),
        orjson.loads((folder / "charts.json").read_bytes())["charts"],
    )


def check_report(folder: Path) -> dict[str, list[str]]:
    """Return what each check found wrong in a report folder, by the check's name."""
    report = read_report(folder)
    return {name: check(report) for name, check in CHECKS.items()}


def _head(report: Report) -> list[str]:
    wanted = ("id", "severity", "status", "range", "authors")
    present = {e.attrs["data-field"]: e for e in report.page.walk() if "data-field" in e.attrs}
    wrong = [f"no slot for {name}" for name in wanted if name not in present]
    if not report.page.find("h1"):
        wrong.append("no title")
    if "UTC" not in report.page.text():
        wrong.append("no time zone named")
    return wrong


def _summary(report: Report) -> list[str]:
    words = " ".join(e.text() for e in report.page.find("p", **{"class": "summary"})).split()
    if not words:
        return ["no summary"]
    wrong = [f"summary has {len(words)} words"] if len(words) > 120 else []
    if "confidence" not in " ".join(words):
        wrong.append("summary doesn't say how sure it is")
    return wrong


def _impact(report: Report) -> list[str]:
    section = report.section("impact")
    if section is None:
        return []
    said = section.find("data") or "not known" in section.text()
    return [] if said else ["impact has neither a number nor 'not known'"]


def _milestones(report: Report) -> list[str]:
    rows = {e.attrs["data-milestone"]: e for e in report.page.walk() if "data-milestone" in e.attrs}
    wanted = ("started", "detected", "acknowledged", "mitigated", "resolved")
    wrong = [f"no row for {name}" for name in wanted if name not in rows]
    wrong.extend(
        f"{name}: neither a time nor what would settle it"
        for name, row in rows.items()
        if not row.find("time") and "would settle it" not in row.text()
    )
    return wrong


def _timeline(report: Report) -> list[str]:
    section = report.section("timeline")
    if section is None:
        return []
    wrong: list[str] = []
    times: list[str] = []
    for row in [r for body in section.find("tbody") for r in body.find("tr")]:
        moments = row.find("time")
        times += [moments[0].attrs["datetime"]] if moments else []
        whole = (
            moments and len(row.find("td")) == 4 and all(c.text().strip() for c in row.find("td"))
        )
        wrong += [] if whole else ["a row lacks time, text or source"]
    return wrong if times == sorted(times) else [*wrong, "rows are out of order"]


def _numbers(report: Report) -> list[str]:
    known = {_canonical(text) for text in _numbers_of(report.findings)}
    known |= {_canonical(t) for t in _numbers_of(report.charts)}
    values = {float(v) for v in _values_of(report.findings)}
    wrong = [
        f"{element.text()!r} is no value of findings.json"
        for element in report.page.find("data")
        if "data-derived" not in element.attrs and float(element.attrs["value"]) not in values
    ]
    main = report.page.find("main")[0]
    return wrong + [
        f"number {text} of the text is not in findings.json"
        for text in _NUMBER.findall(main.text(_SILENT))
        if _canonical(text) not in known
    ]


def _canonical(text: str) -> str:
    return text.replace(",", "").rstrip(".").lstrip("0") or "0"


def _numbers_of(value: Any) -> Iterator[str]:
    for text in _strings_of(value):
        yield from _NUMBER.findall(text)


def _strings_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _strings_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings_of(item)
    elif isinstance(value, str):
        yield value


def _values_of(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _values_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from _values_of(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def _references(report: Report) -> list[str]:
    ids = {e.attrs["id"] for e in report.page.walk() if "id" in e.attrs}
    links = [a.attrs.get("href", "") for a in report.page.find("a")]
    wrong = [f"link to nowhere: {h}" for h in links if h.startswith("#") and h[1:] not in ids]
    known = {file["path"] for file in report.findings["evidence"]}
    known |= MERGED if known else set()
    for claim in report.findings["claims"]:
        if claim["verdict"] != "untestable" and not claim["evidence"]:
            wrong.append(f"claim without evidence: {claim['text'][:60]}")
        wrong += [
            f"evidence that is not listed: {ref['path']}"
            for ref in claim["evidence"]
            if known and ref["path"].partition("#")[0] not in known
        ]
    return wrong


def _causes(report: Report) -> list[str]:
    section = report.section("cause")
    if section is None:
        return []
    terms = {term.text().strip() for term in section.find("dt")}
    return [f"no {w}" for w in ("Cause", "Trigger", "Contributing factors") if w not in terms]


def _both_sides(report: Report) -> list[str]:
    return [
        f"{suspect['what']}: nothing is said {side} it"
        for suspect in report.findings["suspects"]
        for side in ("for", "against")
        if not suspect[side]
    ]


def _rejected(report: Report) -> list[str]:
    section = report.section("cause")
    others = [s for s in report.findings["suspects"] if s["role"] not in {"cause", "amplifier"}]
    if section is None or not others:
        return []
    text = " ".join(e.text() for e in section.find("ul", **{"class": "rejected"}))
    text = " ".join(text.split())
    root = report.findings["verdict"]["root_cause"]
    cause = root["change_id"]
    return [
        f"not rejected by name: {s['what']}"
        for s in others
        if s["change_id"] != cause
        and not (s["kind"] == "none" and root["kind"] == "none")
        and " ".join(s["what"].split()) not in text
    ]


def _intervals(report: Report) -> list[str]:
    return [
        f"{growth['entity']}: rate without interval"
        for growth in report.findings["growth"]
        if growth["rate_bytes_per_min"] is not None and not growth["rate_interval"]
    ]


def _questions(report: Report) -> list[str]:
    return [
        f"unknown, but nothing would settle it: {question['question']}"
        for question in report.findings["questions"]
        if question["verdict"] == "unknown" and not question["missing"]
    ]


def _decisions(report: Report) -> list[str]:
    section = report.section("decisions")
    if section is None:
        return []
    text = section.text().lower()
    wrong = [] if "integrity" in text or not section.find("article") else ["no data integrity"]
    return wrong + [
        f"{decision['decision']}: no risk is judged"
        for decision in report.findings["decisions"]
        if decision["advice"] == "do" and not decision["risks"]
    ]


def _lessons(report: Report) -> list[str]:
    if report.section("lessons") is None:
        return []
    slots = {e.attrs["data-slot"] for e in report.page.walk() if "data-slot" in e.attrs}
    return [f"no slot {s}" for s in ("went-well", "went-badly", "got-lucky") if s not in slots]


def _actions(report: Report) -> list[str]:
    rows = [row for row in report.page.find("tr") if "data-action" in row.attrs]
    wrong: list[str] = []
    for row in rows:
        cells = [cell.text().strip() for cell in row.find("td")]
        complete = len(cells) == 6 and all(cells) and cells[1] in {"prevent", "detect", "mitigate"}
        if not complete:
            wrong.append(f"incomplete action: {cells}")
    return wrong


def _blameless(report: Report) -> list[str]:
    text = " ".join(report.page.text(_SILENT).lower().split())
    return [f"blaming words: {words}" for words in BLAME if words in text]


def _sentences(report: Report) -> list[str]:
    texts = (e.text(_SILENT) for tag in ("p", "li") for e in report.page.find(tag))
    return [
        f"a broken sentence: {' '.join(text.split())}" for text in texts if _BROKEN.search(text)
    ]


def _charts(report: Report) -> list[str]:
    wrong: list[str] = []
    for chart in report.charts:
        wrong += [f"{chart['id']}: no {k}" for k in ("title", "alt", "caption") if not chart[k]]
        wrong += [
            f"{chart['id']}: no file {name}"
            for name in chart["files"].values()
            if not (report.folder / name).is_file()
        ]
        for axes in chart["axes"]:
            for axis in axes.values():
                if axis["scale"] in {"linear", "log"} and not axis["label"]:
                    wrong.append(f"{chart['id']}: an axis without a label")
    return wrong


def _secrets(report: Report) -> list[str]:
    names = ("findings.json", "charts.json", "postmortem.md")
    texts = {name: (report.folder / name).read_text(encoding="utf-8") for name in names}
    texts |= {
        str(path.relative_to(report.folder)): path.read_text(encoding="utf-8")
        for path in sorted((report.folder / "charts").glob("*.csv"))
    }
    texts["postmortem.html"] = report.page.text(frozenset({"script", "style"}))
    return [f"a secret is left in {name}" for name, text in texts.items() if redact(text) != text]


def _reproducible(report: Report) -> list[str]:
    section = report.section("method")
    text = section.text() if section else ""
    wrong = [f"not said: {word}" for word in ("Made by", "Make again") if word not in text]
    return wrong + [
        f"{file['path']}: no hash"
        for file in report.findings["evidence"]
        if len(file["sha256"]) != 64
    ]


#: In the rubric's order; "detection" and "milestones" share a check.
CHECKS: Final[dict[str, Callable[[Report], list[str]]]] = {
    "head": _head,
    "summary": _summary,
    "impact": _impact,
    "milestones": _milestones,
    "timeline": _timeline,
    "numbers": _numbers,
    "references": _references,
    "causes": _causes,
    "both sides": _both_sides,
    "rejected": _rejected,
    "intervals": _intervals,
    "questions": _questions,
    "decisions": _decisions,
    "lessons": _lessons,
    "actions": _actions,
    "blameless": _blameless,
    "sentences": _sentences,
    "charts": _charts,
    "secrets": _secrets,
    "reproducible": _reproducible,
}
