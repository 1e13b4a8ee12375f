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
    pytest.importorskip("selenium.webdriver", reason="needs selenium")
    if None in programs():
        pytest.skip("needs Chromium and its driver")
    driver = open_browser(tmp_path_factory.mktemp("profile"))
    driver.set_script_timeout(120)  # axe walks a page of several thousand elements
    yield driver
    driver.quit()


def programs() -> tuple[str | None, str | None]:
    """Return where Chromium and its driver are."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    return chromium, shutil.which("chromedriver")


def open_browser(profile: Path):
    """Return a browser that records what its pages complain of and ask for."""
    from selenium import webdriver  # noqa: PLC0415  # the tests are skipped without it

    program, driver_program = programs()
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(
        options=options, service=webdriver.ChromeService(executable_path=driver_program)
    )


@pytest.fixture
def keep_picture(browser):
    """Save a screenshot under a name."""
    ARTEFACTS.mkdir(exist_ok=True)

    def save(name: str) -> None:
        assert browser.save_screenshot(str(ARTEFACTS / f"{name}.png"))

    return save
