"""Open every notebook in a real JupyterLab and Run All: ``python -m tests.browser.run_all``.

Prints one line a notebook (cells run, errors, seconds) and leaves screenshots in
``artefacts/``. Ends with 1 if a cell failed. Evidence is the notebooks' own default, or the
folder below ``data/incidents`` that is named on the command line.
"""

from __future__ import annotations

import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from selenium import webdriver

from tests.browser.conftest import ARTEFACTS, open_browser
from tests.browser.lab import ROOT, Lab, copy_notebooks, start_lab, stop_lab

SEED = "payment-api-2026-02-09"
_MOST_S = 300


def main() -> int:
    """Run all notebooks; return the exit code."""
    evidence = sys.argv[1] if len(sys.argv) > 1 else SEED
    names = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
    with tempfile.TemporaryDirectory(prefix="forensics-lab-") as scratch:
        home = Path(scratch)
        folder = home / "files"
        copy_notebooks(names, folder)
        for path in folder.glob("*.ipynb"):
            path.write_text(path.read_text().replace(SEED, evidence))
        root = str(ROOT / "data" / "incidents")
        process, address = start_lab(folder, home, {"FORENSICS_EVIDENCE_ROOT": root})
        browser = open_browser(home / "profile")
        try:
            return _run(Lab(address, folder, browser), names)
        finally:
            browser.quit()
            stop_lab(process)


def _run(lab: Lab, names: list[str]) -> int:
    lab.wait(lambda: _answers(lab.address), "JupyterLab", 90)
    failed = 0
    for name in names:
        started = time.monotonic()
        lab.open(name)
        state = lab.run_all(_MOST_S)
        counts = state["counts"]
        ran = sum(count is not None for count in counts)
        took = time.monotonic() - started
        print(f"{name}: {ran} of {len(counts)} cells, errors {state['errors']}, {took:.0f} s")
        _keep(lab.browser, name)
        failed += bool(state["errors"]) or ran < len(counts)
    return int(failed > 0)


def _keep(browser: webdriver.Chrome, name: str) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    browser.save_screenshot(str(ARTEFACTS / f"lab-{Path(name).stem}.png"))


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/api", timeout=2).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
