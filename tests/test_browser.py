"""The HTML report in a real browser: it draws, it works, it is silent, and it reaches for nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from example_run import example, failing

from headstart.findings import Remedy
from headstart.report.html import render
from headstart.report.write import write_whole

pytestmark = pytest.mark.browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
QUIET += ("--disable-component-update", "--disable-sync")

OUT_OF_PLACE = """
[...document.querySelectorAll('.plot')].filter((place) => {
  const drawn = place.querySelector('.main-svg').getBoundingClientRect(), box = place.getBoundingClientRect();
  return Math.abs(drawn.top - box.top) > 1 || Math.abs(drawn.height - box.height) > 1 || drawn.width > box.width + 1;
}).map((place) => place.id)"""
CUT_OFF = """
[...document.querySelectorAll('.plot')].flatMap((place) => {
  const box = place.getBoundingClientRect();
  return [...place.querySelectorAll('.main-svg text')].filter((text) => {
    const t = text.getBoundingClientRect();
    return t.width && (t.left < box.left - 1 || t.right > box.right + 1 || t.top < box.top - 1);
  }).map((text) => `${place.id}: ${text.textContent}`);
})"""


@dataclass
class Opened:
    """The drawn page, what its console said, and what it asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    path = "/home/somebody/projects/vision/experiments/2026/november/train_the_network.py"
    dead, *others = failing().findings
    changing = Remedy("leaky-relu", "nn.LeakyReLU()", safe=False)
    far = replace(failing(), script=path, findings=(replace(dead, line=f"{path}:8", remedy=changing), *others))
    write_whole(folder / "report.html", render(far, example(folder / "train.db")))
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium was found: install one, for instance with apt-get install chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared(browser: Any, report: Path) -> Iterator[Opened]:
    opened = open_page(browser, report)
    yield opened
    opened.page.close()


@pytest.fixture
def opened(shared: Opened) -> Opened:
    """One page for all tests, for it takes seconds to open; each starts from the same screen and theme."""
    shared.page.set_viewport_size({"width": 1280, "height": 900})
    shared.page.emulate_media(media="screen", color_scheme="light")
    return shared


def open_page(browser: Any, path: Path) -> Opened:
    opened = Opened(browser.new_page(viewport={"width": 1280, "height": 900}))
    opened.page.on("console", lambda message: opened.said.append(f"{message.type}: {message.text}"))
    opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    opened.page.goto(path.as_uri())
    opened.page.wait_for_selector("html[data-drawn]")
    return opened


def test_every_plot_is_drawn_inside_its_place(opened: Opened) -> None:
    assert opened.page.locator(".plot .main-svg").count() >= 7
    assert opened.page.evaluate(OUT_OF_PLACE) == []
    assert opened.page.locator(".scatterlayer .js-line").count() >= 6
    assert opened.page.locator(".heatmaplayer image").count() == 3


def test_a_click_on_a_head_sorts_and_again_the_other_way(opened: Opened) -> None:
    third = opened.page.locator("#ledger tbody tr td:nth-child(3)")

    def sizes() -> list[float]:
        return [float(key) for key in third.evaluate_all("cells => cells.map(cell => cell.dataset.key)")]

    before = sizes()
    opened.page.locator("#ledger th button", has_text="shape").click()
    assert sizes() == sorted(before) != before
    opened.page.locator("#ledger th button", has_text="shape").click()
    assert sizes() == sorted(before, reverse=True)
    assert opened.page.locator("#ledger th[aria-sort=descending]").inner_text().startswith("shape")


def test_a_search_leaves_the_rows_that_match(opened: Opened) -> None:
    opened.page.locator("input[data-table=ledger]").fill("head not in")
    assert opened.page.locator("#ledger tbody tr:visible td:first-child").all_inner_texts() == ["head.bias"]
    assert opened.page.locator("[data-count=ledger]").inner_text() == "1 of 18"


def test_a_map_switches_to_shares(opened: Opened) -> None:
    opened.page.locator("button[data-plot=activations-map]", has_text="zeros").click()
    opened.page.locator("#activations-map", has_text="share of the values").wait_for()
    pressed = opened.page.locator("button[data-plot=activations-map][aria-pressed=true]")
    assert pressed.inner_text() == "share of zeros"


@pytest.mark.parametrize("width", [1280, 768, 400])
def test_nothing_is_cut_off_and_the_page_does_not_scroll_sideways(opened: Opened, width: int) -> None:
    opened.page.set_viewport_size({"width": width, "height": 800})
    for _ in range(50):  # Plotly fits its plots a moment after the screen has changed
        opened.page.wait_for_timeout(200)
        faults = opened.page.evaluate(CUT_OFF) + opened.page.evaluate(OUT_OF_PLACE)
        if not faults:
            break
    assert faults == []
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    heights = opened.page.locator("button.copy").evaluate_all("all => all.map(b => b.getBoundingClientRect().height)")
    assert max(heights) < 40  # one line
    bars = opened.page.locator(".infolayer .cbfills").evaluate_all(
        "all => all.map(b => b.getBoundingClientRect().width)"
    )
    assert min(bars) > 100


def test_plots_follow_the_theme(opened: Opened) -> None:
    ink = "getComputedStyle(document.querySelector('#loss-curve .xtick text')).fill"
    light = opened.page.evaluate(ink)
    opened.page.emulate_media(color_scheme="dark")
    assert opened.page.evaluate(ink) != light


def test_lines_are_brighter_in_the_dark_theme(opened: Opened) -> None:
    lines = "getComputedStyle(document.querySelector('#loss-curve .scatterlayer')).filter"
    assert opened.page.evaluate(lines) == "none"
    opened.page.emulate_media(color_scheme="dark")
    assert opened.page.evaluate(lines) == "brightness(1.5)"


def test_paper_is_white_in_the_dark_theme_too(opened: Opened) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    opened.page.emulate_media(media="screen", color_scheme="dark")
    assert opened.page.evaluate(paper) != "rgb(255, 255, 255)"
    opened.page.emulate_media(media="print", color_scheme="dark")
    assert opened.page.evaluate(paper) == "rgb(255, 255, 255)"


def test_after_all_this_the_console_is_silent_and_no_request_has_left(opened: Opened, report: Path) -> None:
    assert opened.said == []
    assert [url for url in opened.asked if not url.startswith(("data:", "blob:"))] == [report.as_uri()]


def test_the_policy_stops_a_script_that_slipped_in(browser: Any, report: Path, tmp_path: Path) -> None:
    slipped = report.read_text(encoding="utf-8").replace(
        "</footer>", "</footer><script>document.title='owned'</script>"
    )
    (tmp_path / "slipped.html").write_text(slipped, encoding="utf-8")
    opened = open_page(browser, tmp_path / "slipped.html")
    assert opened.page.title() != "owned"
    assert any("Content Security Policy" in line for line in opened.said)
    opened.page.close()
