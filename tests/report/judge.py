"""Judge whole reports by the rubric: ``python -m tests.report.judge [EVIDENCE ...]``.

Without arguments the reports of all folders in ``data/incidents`` are made, without notebooks.
Prints what each check finds; ends with 1 if any finds something.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from forensics.report.rubric import check_report
from forensics.run.report import ReportRequest, make_report

INCIDENTS = Path(__file__).parents[2] / "data" / "incidents"


def judge(evidence: Path, root: Path) -> list[str]:
    """Make the report of a folder below ``root`` and return what the checks find."""
    request = ReportRequest(
        evidence, root / evidence.name, cache=root / "cache", run_notebooks=False
    )
    make_report(request)
    found = check_report(root / evidence.name)
    return [f"{name}: {what}" for name, wrong in found.items() for what in wrong]


def main() -> int:
    """Judge the folders of the command line; return the exit code."""
    named = [Path(word) for word in sys.argv[1:]]
    folders = named or sorted(path for path in INCIDENTS.iterdir() if path.is_dir())
    wrong = 0
    for folder in folders:
        with tempfile.TemporaryDirectory(prefix="forensics-judge-") as scratch:
            found = judge(folder.resolve(), Path(scratch))
        wrong += len(found)
        print(f"{folder.name}: {len(found)} found", *found[:20], sep="\n  ", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
