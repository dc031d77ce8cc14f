"""Laws of `mag report`: what a person sees of it in a real browser, and what the command does."""

import contextlib
import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect, sync_playwright

from mag.record.paths import ExperimentPaths

Run = Callable[..., Any]
Write = Callable[..., ExperimentPaths]
HOSTILE = "<img src=x onerror=alert(1)>"
FOREIGN = [("Host", "evil.example"), ("Origin", "http://evil.example"), ("Origin", "null")]
CHROMIUM = shutil.which("chromium")


@pytest.fixture
def store(write: Write) -> Path:
    """Return the folder of a store with a grid, learning curves, a failure and hostile names."""
    for number in range(24):
        config = {"lr": 10.0 ** -(number % 4), "model": ["svm", "mlp", HOSTILE][number % 3], "seed": number // 12}
        status = "failed" if number == 7 else "completed"
        error = {"type": "ValueError", "message": HOSTILE, "where": "train.py:3"} if status == "failed" else None
        paths = write(
            f"e{number}", config, results={"acc": number / 24}, status=status, error=error, log=HOSTILE.encode()
        )
        lines = [json.dumps({"step": step, "loss": 1 / (step + 1)}) for step in range(20)]
        Path(paths.metrics).write_text("\n".join(lines) + "\n")
    return Path.cwd()


def test_it_writes_one_file(store: Path, run: Run) -> None:
    """The file holds what passes the filters, and nothing is said on standard output."""
    status, out, err = run("report", "seed=1", "-o", "one.html")

    assert (status, out) == (0, "")
    assert "one.html: 12 experiments" in err
    assert '"names":["e12"' in (store / "one.html").read_text()


def test_it_goes_to_standard_output(store: Path, run: Run) -> None:
    """With -o - the page is written to standard output, and no file."""
    assert run("report", "-o", "-").out.startswith("<!doctype html>")
    assert not (store / "report.html").exists()


@pytest.mark.usefixtures("store")
def test_a_file_that_cannot_be_written(run: Run) -> None:
    """A folder that is not there is named."""
    status, _, err = run("report", "-o", "nowhere/report.html")

    assert status == 2
    assert "nowhere/report.html" in err


@pytest.mark.usefixtures("store")
def test_nothing_to_report(run: Run) -> None:
    """Where nothing passes the filters that is said, and the report that is there stays."""
    Path("report.html").write_text("of yesterday")
    status, _, err = run("report", "seed=7")

    assert (status, "none of the 24 experiments" in err) == (4, True)
    assert Path("report.html").read_text() == "of yesterday"


@pytest.fixture
def page(store: Path, run: Run) -> Iterator[Any]:
    """Return the report in a browser, which fails the test for any error or request elsewhere."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    run("report")
    troubles: list[str] = []
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.on("console", lambda message: troubles.append(message.text))
        opened.on("pageerror", lambda error: troubles.append(str(error)))
        opened.on("dialog", lambda dialog: troubles.append(dialog.message))
        opened.on("request", lambda request: None if request.url.startswith("file:") else troubles.append(request.url))
        opened.goto((store / "report.html").as_uri())
        opened.wait_for_selector("body[data-ready]")
        yield opened
        browser.close()
    assert troubles == []


def open_first_row(page: Any) -> None:
    """Press Enter on the first row, once more where it was just drawn anew."""
    for _ in range(5):
        page.locator("#table .tabulator-row").first.press("Enter")
        with contextlib.suppress(AssertionError):
            expect(page.locator("#detail-panel")).to_be_visible(timeout=1000)
            return


@pytest.mark.browser
def test_charts_are_drawn_and_brushed_together(page: Any) -> None:
    """What is brushed on an axis is what the table shows, and a reload of the link keeps it."""
    assert page.locator("canvas").count() >= 5
    box = page.locator("#parallel").bounding_box()
    x, y = box["x"] + box["width"] - 70, box["y"] + 45
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 75, steps=4)
    page.mouse.up()
    expect(page.locator("#count")).to_have_text(re.compile(" of 24"))
    brushed = page.locator("#count").inner_text()
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.locator("#count").inner_text() == brushed


@pytest.mark.browser
def test_searching_and_reading_by_keyboard(page: Any) -> None:
    """The search narrows all of it, and Enter on a row shows that experiment."""
    page.fill("#search", "seed=1 model=svm")
    expect(page.locator("#count")).to_have_text("4 of 24")
    expect(page.locator("#table .tabulator-row")).to_have_count(4)
    open_first_row(page)
    expect(page.locator("#detail-name")).to_have_text("e12")


@pytest.mark.browser
def test_dark_and_narrow(page: Any) -> None:
    """On a telephone in the dark nothing is wider than the screen, and texts are light."""
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(230, 232, 235)"


@pytest.fixture
def live(store: Path) -> Iterator[str]:
    """Return the address of `mag ui` on the store."""
    command = [sys.executable, "-m", "mag", "ui"]
    with subprocess.Popen(command, cwd=store, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def ask(address: str, **headers: str) -> int:
    """Return the status with which an address answers."""
    try:
        with urlopen(Request(address, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code


def test_only_who_is_meant_may_look(live: str) -> None:
    """The page wants its token, and a browser that means this machine, by whatever port it came."""
    wrong = live.partition("token=")[0] + "token=x"

    assert (ask(live), ask(live, Host="localhost:9", Origin="http://127.0.0.1:9")) == (200, 200)
    assert (ask(wrong), ask(live.partition("?")[0] + "data")) == (403, 403)
    assert (ask(live, Host="evil.example"), ask(live, Origin="http://evil.example"), ask(live, Origin="null")) == (
        403,
    ) * 3


@pytest.mark.browser
def test_new_experiments_appear(live: str, write: Write) -> None:
    """What completes while the page is open is shown without a reload, and its log at a click."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(live)
        expect(page.locator("#live")).to_have_text("live")
        write("new", {"lr": 0.5, "model": "svm", "seed": 1}, results={"acc": 2}, log=b"hello")
        expect(page.locator("#subtitle")).to_contain_text("25 experiments", timeout=15000)
        page.fill("#search", "lr=0.5")
        expect(page.locator("#table .tabulator-row")).to_have_count(1)
        open_first_row(page)
        expect(page.locator("#detail-log")).to_have_text("hello")
        browser.close()
