"""Draws the pictures of the README from real runs: `python tests/pictures/draw.py [FOLDER]`.

Terminals become SVG, with what `mag` printed on one of 88 columns; the report is what Chromium shows of it.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, MONOKAI, TerminalTheme
from rich.text import Text

PLACE = Path(__file__).parents[2] / ".github" / "pictures"
WIDTH, HEIGHT = 88, 30
THEMES = {"light": DEFAULT_TERMINAL_THEME, "dark": MONOKAI}
SWEEP = ["sweep", "model=mlp,cnn", "lr=log(1e-3,1,num=4)", "seed=range(3)", "-j", "4"]
LISTING = ["ls", "loss<0.5", "--sort", "loss", "--limit", "6"]
SUMMARY = ["summarize", "--best", "accuracy", "--over", "seed"]
ENDED_FIRST = 13
"""How many experiments end before the live view is drawn."""

FILES = {
    "train.py": """\
import math, os, random, time
import mag

@mag.main(config_path="configs", config_name="config")
def train(config, experiment):
    draw = random.Random(repr(dict(config.model)) + str(config.lr) + str(config.seed))
    waits = experiment.identifier in open("waiting").read().split()
    for epoch in range(1, 31):
        speed = config.model.speed * math.sqrt(config.lr)
        loss = config.model.floor + math.exp(-epoch * speed) + 0.02 * draw.random() + config.lr ** 4
        experiment.log_metrics(step=epoch, loss=round(loss, 4), accuracy=round(1 - loss / 2, 4))
        if waits and epoch == 17:
            print(f"epoch 17 of 30, loss {loss:.3f}", flush=True)
            while not os.path.exists("go"):
                time.sleep(0.01)
        if loss > 1.4:
            raise ValueError(f"the loss is {loss:.2f} after epoch {epoch}")
    return {"accuracy": 1 - loss / 2, "loss": loss}
""",
    "configs/config.yaml": "defaults:\n  - model: mlp\n  - _self_\n\nlr: 0.1\nseed: 0\n",
    "configs/model/mlp.yaml": "name: mlp\nspeed: 0.7\nfloor: 0.21\n",
    "configs/model/cnn.yaml": "name: cnn\nspeed: 0.9\nfloor: 0.08\n",
    "pyproject.toml": '[tool.mag]\napp = "train.py"\nidentifier = "{model}-lr{lr}-s{seed}"\n',
}


def main(place: Path) -> None:
    """Draw all pictures into a folder."""
    place.mkdir(parents=True, exist_ok=True)
    with make_project() as project:
        screens = {"live": [(write(SWEEP), draw_live(project))]}
        screens["tables"] = [(write(words), show(project, words)) for words in (LISTING, SUMMARY)]
        for name, shown in screens.items():
            for theme, colours in THEMES.items():
                (place / f"{name}-{theme}.svg").write_text(export(shown, colours, name), encoding="utf-8")
        photograph_report(project, place)


@contextmanager
def make_project() -> Iterator[Path]:
    """Lend a project whose later experiments wait in the middle until there is a file `go`."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "digits"
        for name, text in FILES.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_text(text, encoding="utf-8")
        subprocess.run(["git", "init", "-q"], cwd=project, check=True)
        (project / "waiting").write_text("", encoding="utf-8")
        planned = json.loads(run(project, [*SWEEP, "-n", "--json"]))
        names = [one["name"] for one in planned]
        (project / "waiting").write_text("\n".join(names[ENDED_FIRST:]), encoding="utf-8")
        yield project


def run(project: Path, words: list[str]) -> str:
    """Return what a command of mag prints."""
    command = [sys.executable, "-m", "mag", *words]
    return subprocess.run(command, cwd=project, check=True, capture_output=True, text=True).stdout


def write(words: list[str]) -> str:
    """Return a command as one types it."""
    return " ".join(["mag", *(f"'{word}'" if set(word) & set("()<>|*{}") else word for word in words)])


@contextmanager
def open_terminal(project: Path, words: list[str]) -> Iterator[tuple["pexpect.spawn[str]", pyte.Screen]]:
    """Lend a command of mag on a terminal, and what stands there; `go` lets all experiments end."""
    environment = os.environ | {"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLUMNS": str(WIDTH)}
    environment.pop("NO_COLOR", None)
    child = pexpect.spawn(
        sys.executable,
        ["-m", "mag", *words],
        cwd=str(project),
        env=environment,
        dimensions=(HEIGHT, WIDTH),
        timeout=60,
        encoding="utf-8",
    )
    screen = pyte.Screen(WIDTH, HEIGHT)
    screen.set_mode(pyte.modes.LNM)
    try:
        yield child, screen
    finally:
        child.close(force=True)


def draw_live(project: Path) -> list[Text]:
    """Return the live view of a sweep of which some experiments ended and four run."""
    with open_terminal(project, SWEEP) as (child, screen):
        stream = pyte.Stream(screen)
        while sum("epoch 17" in line for line in screen.display) < 4:
            stream.feed(child.read_nonblocking(4096, timeout=60))
        drawn = read(screen)
        (project / "go").touch()
        child.expect(pexpect.EOF)
    return drawn


def show(project: Path, words: list[str]) -> list[Text]:
    """Return what a command shows on the terminal."""
    with open_terminal(project, words) as (child, screen):
        child.expect(pexpect.EOF)
        pyte.Stream(screen).feed(child.before or "")
        return read(screen)


def read(screen: pyte.Screen) -> list[Text]:
    """Return the lines of a screen with their colours, without empty ones at the end."""
    lines = []
    for number in range(screen.lines):
        line = Text()
        for column in range(screen.columns):
            cell = screen.buffer[number][column]
            colour = "" if cell.fg == "default" else cell.fg.replace("bright", "bright_").replace("brown", "yellow")
            line.append(cell.data, style=" ".join(filter(None, ["bold" if cell.bold else "", colour])))
        line.rstrip()
        lines.append(line)
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


FORMAT = """\
<svg class="mag" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace;
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 15px; font-family: system-ui, sans-serif; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def export(shown: list[tuple[str, list[Text]]], theme: TerminalTheme, name: str) -> str:
    """Return commands and what they print as an SVG that asks for nothing from elsewhere."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(width=WIDTH, record=True, file=nowhere, force_terminal=True, color_system="truecolor")
        for number, (command, lines) in enumerate(shown):
            if number:
                console.print()
            console.print(Text.assemble(("$ ", "dim"), (command, "bold")))
            for line in lines:
                console.print(line, no_wrap=True, crop=True)
        drawn = console.export_svg(title="", theme=theme, code_format=FORMAT, unique_id=f"mag-{name}")
    return drawn.replace('stroke="rgba(255,255,255,0.35)"', 'stroke="rgba(128,128,128,0.5)"')


def photograph_report(project: Path, place: Path) -> None:
    """Write what Chromium shows of the report, by day and by night."""
    run(project, ["report", "-o", "report.html", "--title", "digits"])
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=options)
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": 1200, "height": 1000}, color_scheme=scheme)
            page.goto((project / "report.html").as_uri())
            page.wait_for_selector("body[data-ready]")
            page.wait_for_timeout(1000)  # what is drawn moves into its place
            page.screenshot(path=place / f"report-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE)
