"""The report in a real browser: nothing fails, nothing leaves, everything can be read by all."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensics.charts import draw_charts
from forensics.report import ReportOptions, write_report
from tests.charts.small_case import give, hostile_give

axe_core_python = pytest.importorskip("axe_core_python", reason="needs axe-core-python")
pytest.importorskip("selenium", reason="needs selenium")

from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402  # after the skip

pytestmark = pytest.mark.browser

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {}
    for name, source in (("plain", give), ("hostile", hostile_give)):
        made[name] = tmp_path_factory.mktemp(name)
        drawn = draw_charts(source)
        options = ReportOptions(with_pdf=False, absent_charts=drawn.absent)
        write_report(source("findings"), drawn.charts, made[name], options=options)
    return made


def visit(browser, path):
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(path.as_uri())
    return browser


def complaints(browser):
    return [entry["message"] for entry in browser.get_log("browser")]


def addresses(browser):
    log = (entry["message"] for entry in browser.get_log("performance"))
    return [line for line in log if "Network.requestWillBeSent" in line and '"http' in line]


@pytest.mark.parametrize("name", ["plain", "hostile"])
def test_the_page_opens_without_error_and_asks_nobody(browser, folders, keep_picture, name):
    visit(browser, folders[name] / "postmortem.html")
    assert complaints(browser) == []
    assert addresses(browser) == []
    assert not browser.execute_script("return window.pwned")
    keep_picture(f"postmortem-{name}")


def test_every_chart_is_visible(browser, folders):
    visit(browser, folders["plain"] / "postmortem.html")
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('figure.chart svg.drawing')].map(e => {"
        "const box = e.getBoundingClientRect();"
        "return [e.querySelectorAll('path').length, box.width, box.height]})"
    )
    assert len(sizes) == 19  # 18 charts, one of them also at the head
    assert all(paths > 2 and width > 300 and height > 60 for paths, width, height in sizes)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_clean_by_axe(browser, folders, theme):
    visit(browser, folders["plain"] / "postmortem.html")
    browser.execute_script(f"document.documentElement.dataset.theme = '{theme}'")
    # Through the debugger, since the page's own policy rightly refuses foreign scripts.
    browser.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text(encoding="utf-8")})
    result = browser.execute_async_script(
        "axe.run(document, arguments[0]).then(arguments[1])", RULES
    )
    found = [
        (violation["id"], [node["html"][:120] for node in violation["nodes"][:3]])
        for violation in result["violations"]
    ]
    assert found == []


def test_the_page_does_not_scroll_sideways_on_a_phone(browser, folders):
    visit(browser, folders["hostile"] / "postmortem.html")
    size = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    width = browser.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert width <= 390


def test_the_theme_button_turns_the_page_dark_and_back(browser, folders):
    visit(browser, folders["plain"] / "postmortem.html")
    colour = "return getComputedStyle(document.body).backgroundColor"
    before = browser.execute_script(colour)
    browser.execute_script("document.getElementById('theme').click()")
    assert browser.execute_script(colour) != before
    browser.execute_script("document.getElementById('theme').click()")
    assert browser.execute_script(colour) == before


@pytest.mark.parametrize("name", ["plain", "hostile"])
@pytest.mark.parametrize("chart", ["memory-growth", "holder-path", "log-patterns"])
def test_an_interactive_chart_draws_offline_under_its_policy(browser, folders, name, chart):
    visit(browser, folders[name] / "charts" / f"{chart}.html")
    WebDriverWait(browser, 30).until(
        lambda b: b.execute_script("return document.body.dataset.ready")
    )
    assert complaints(browser) == []
    assert addresses(browser) == []
    assert browser.execute_script("return document.querySelectorAll('.plotly svg').length") > 0
    assert not browser.execute_script("return window.pwned")
