"""The extras in a real JupyterLab: Run All, the explorer, and nothing of the evidence runs."""

from __future__ import annotations

import urllib.request

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.browser.lab import Lab, copy_notebooks, start_lab, stop_lab
from tests.jupyter.small_heap import CACHE, HOSTILE, NODES, SECRET, write_heap

pytest.importorskip("selenium", reason="needs selenium")

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CELLS = (
    "%load_ext forensics\nimport forensics\nheap = %heap small.hprof\nheap",
    "case = forensics.open_case('evidence')\ncase",
    "%%sql\nSELECT time, entity, value, unit FROM metrics LIMIT 3",
)

#: In one step, since the picture is drawn anew when an answer arrives.
OPEN_FIRST_BOX = """
const box = document.querySelector(".fx-box:enabled");
box?.click();
return box?.getAttribute("aria-label").split(":")[0];
"""


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    home = tmp_path_factory.mktemp("lab")
    folder = home / "files"
    copy_notebooks(["01_intake.ipynb"], folder)
    write_heap(folder / "small.hprof")
    (folder / "evidence").mkdir()
    (folder / "evidence" / "rss.csv").write_text(
        "timestamp,pod,rss_mb\n"
        + "".join(f"2026-05-04T08:{i:02}:00Z,cart-1,{300 + i}\n" for i in range(60))
    )
    text = (folder / "01_intake.ipynb").read_text()
    (folder / "01_intake.ipynb").write_text(text.replace("payment-api-2026-02-09", "evidence"))
    book = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(book, folder / "extras.ipynb")
    process, address = start_lab(folder, home, {"FORENSICS_CACHE": str(home / "cache")})
    made = Lab(address, folder, browser)
    made.wait(lambda: _answers(address), "JupyterLab", 60)
    yield made
    stop_lab(process)


def _answers(address: str) -> bool:
    try:
        urllib.request.urlopen(f"{address}/api", timeout=2).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def extras(lab):
    lab.open("extras.ipynb")
    assert lab.run_all()["errors"] == []
    lab.wait(lambda: items(lab), "the explorer")
    return lab


def items(lab, more=""):
    return lab.browser.find_elements(By.CSS_SELECTOR, f".forensics-heap [role=treeitem]{more}")


def side(lab):
    return lab.browser.find_element(By.CSS_SELECTOR, ".forensics-heap .fx-side").text


def press(lab, key):
    lab.browser.switch_to.active_element.send_keys(key)


def test_a_notebook_of_the_project_runs_to_its_end(lab, keep_picture) -> None:
    lab.open("01_intake.ipynb")
    state = lab.run_all()
    assert state["errors"] == []
    assert all(state["counts"])
    keep_picture("lab-intake")


def test_the_explorer_opens_by_keyboard_and_tells_of_an_object(extras, keep_picture) -> None:
    top = next(item for item in items(extras) if "Holder" in item.text)
    assert "99.9 %" in top.text
    top.click()
    press(extras, Keys.ARROW_RIGHT)
    extras.wait(lambda: items(extras, '[aria-level="2"]'), "the second level")
    press(extras, Keys.ARROW_RIGHT)
    press(extras, Keys.ARROW_RIGHT)
    extras.wait(lambda: items(extras, '[aria-level="3"]'), "the third level")
    more = items(extras, '.fx-more[aria-level="3"]')
    assert [item.text for item in more] == ["20 more"]
    press(extras, Keys.ENTER)
    # The panel of the clicked top may still stand there: wait for that of the object chosen last.
    extras.wait(lambda: f"0x{CACHE:x}" in side(extras), "the object")
    extras.wait(lambda: "held by system class" in side(extras), "the path")
    keep_picture("lab-explorer-tree")


def test_more_rows_come_when_they_are_asked_for(extras) -> None:
    items(extras, ".fx-more")[0].click()
    extras.wait(lambda: len(items(extras, '[aria-level="3"]')) == NODES, "all nodes")


def test_search_jumps_to_an_object_and_hostile_names_stay_text(extras, keep_picture) -> None:
    field = extras.browser.find_element(By.CSS_SELECTOR, ".forensics-heap .fx-search")
    field.send_keys("onerror", Keys.ENTER)
    extras.wait(lambda: extras.browser.find_elements(By.CSS_SELECTOR, ".fx-results button"), "hits")
    extras.browser.find_element(By.CSS_SELECTOR, ".fx-results button").click()
    extras.wait(lambda: items(extras, '[aria-level="4"][aria-selected="true"]'), "the jump")
    extras.wait(lambda: "password" in side(extras), "the fields")
    assert HOSTILE.replace("/", ".") in side(extras)
    assert SECRET not in extras.browser.page_source
    assert not extras.browser.execute_script("return window.pwned")
    assert not extras.browser.find_elements(By.CSS_SELECTOR, ".forensics-heap img")
    keep_picture("lab-explorer-object")


@pytest.mark.parametrize("view", ["treemap", "icicle"])
def test_boxes_can_be_opened(extras, keep_picture, view) -> None:
    extras.browser.find_element(By.CSS_SELECTOR, f'.fx-tabs [data-view="{view}"]').click()
    extras.browser.find_element(By.XPATH, '//button[text()="whole heap"]').click()
    label = extras.wait(lambda: extras.browser.execute_script(OPEN_FIRST_BOX), "a box")
    extras.wait(lambda: label in side(extras), "what the box is")
    keep_picture(f"lab-explorer-{view}")


def test_cases_and_frames_are_shown_with_units(extras) -> None:
    outputs = extras.browser.find_elements(By.CSS_SELECTOR, ".jp-OutputArea-output")
    text = " ".join(output.text for output in outputs)
    assert "300 MiB" in text
    assert "1 of 1 files read" in text
    assert extras.browser.find_elements(By.CSS_SELECTOR, ".jp-OutputArea-output svg path")
