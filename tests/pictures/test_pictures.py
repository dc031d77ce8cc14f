"""The README's pictures show what mag prints today; if not, `python tests/pictures/draw.py` draws them anew."""

import base64
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

PLACE = Path(__file__).parents[2] / ".github" / "pictures"
pytestmark = pytest.mark.browser
COMPARE = """async ([first, second]) => {
  const read = async (address) => {
    const image = new Image()
    image.src = address
    await image.decode()
    const canvas = new OffscreenCanvas(120, 100).getContext("2d")
    canvas.drawImage(image, 0, 0, 120, 100)
    return canvas.getImageData(0, 0, 120, 100).data
  }
  const [one, other] = [await read(first), await read(second)]
  return one.reduce((sum, value, index) => sum + Math.abs(value - other[index]), 0) / one.length / 255
}"""
MOST = 0.05
"""How far the average point of two pictures of the same page may be from each other: they were drawn at other times."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the pictures as they would be drawn now."""
    if shutil.which("chromium") is None:
        pytest.skip("Chromium is not installed")
    place = tmp_path_factory.mktemp("pictures")
    subprocess.run([sys.executable, Path(__file__).with_name("draw.py"), place], check=True)
    return place


def read_words(picture: Path) -> Counter[str]:
    """Return the words of a terminal, which may come in another order; times and numbers differ each time."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", picture.read_text(encoding="utf-8"))
    return Counter(re.sub(r"[\d.]+", "0", word) for text in texts for word in re.split(r"\s|&#160;", text) if word)


@pytest.mark.parametrize("name", ["live-light", "live-dark", "tables-light", "tables-dark"])
def test_terminals_say_what_mag_says(name: str, drawn: Path) -> None:
    """Every word of the picture is printed today, and none is missing."""
    assert read_words(PLACE / f"{name}.svg") == read_words(drawn / f"{name}.svg")


@pytest.mark.parametrize("name", ["report-light", "report-dark"])
def test_the_report_looks_like_that(name: str, drawn: Path) -> None:
    """The page of today looks like the picture, but for its times."""
    pictures = [(folder / f"{name}.png").read_bytes() for folder in (PLACE, drawn)]
    addresses = [f"data:image/png;base64,{base64.b64encode(picture).decode()}" for picture in pictures]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        difference = browser.new_page().evaluate(COMPARE, addresses)
        browser.close()
    assert difference < MOST
