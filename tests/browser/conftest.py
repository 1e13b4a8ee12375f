"""A Chromium without a window, one a module; tests are skipped where there is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

#: Screenshots for people to look at; not in git.
ARTEFACTS = Path(__file__).parents[2] / "artefacts"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1300,1000",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver_program = shutil.which("chromedriver")
    if program is None or driver_program is None:
        pytest.skip("needs Chromium and its driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(executable_path=driver_program)
    )
    driver.set_script_timeout(120)  # axe walks a page of several thousand elements
    yield driver
    driver.quit()


@pytest.fixture
def keep_picture(browser):
    """Save a screenshot under a name."""
    ARTEFACTS.mkdir(exist_ok=True)

    def save(name: str) -> None:
        assert browser.save_screenshot(str(ARTEFACTS / f"{name}.png"))

    return save
