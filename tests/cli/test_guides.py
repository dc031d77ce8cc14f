"""The guides are true: their files are written, and their commands typed, in the project that `mag init` makes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mag.cli.help import TOPICS

FOLDER = Path(__file__).parents[2] / "mag" / "cli" / "topics"
FILE = re.compile(r"<!-- file: (\S+) -->\n```\w*\n(.*?)```", re.DOTALL)
RUN = re.compile(r"<!-- run -->\n```console\n(.*?)```", re.DOTALL)
PAGES = {name: (FOLDER / f"{name}.md").read_text(encoding="utf-8") for name in TOPICS}


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if "<!-- run -->" in page])
def test_what_a_guide_types_works(name: str, tmp_path: Path) -> None:
    """Every command that a guide shows as typed ends well, one after the other."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    project = tmp_path / "project"
    project.mkdir()
    lines = [line for block in RUN.findall(PAGES[name]) for line in block.splitlines()]
    for number, line in enumerate(["$ git init -q", "$ mag init", *lines]):
        if number == 2:
            for file, text in FILE.findall(PAGES[name]):
                (project / file).parent.mkdir(parents=True, exist_ok=True)
                (project / file).write_text(text, encoding="utf-8")
        command = ["bash", "-c", line.removeprefix("$ ")]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


def test_the_python_guide_is_what_the_docstrings_say() -> None:
    """`python tests/cli/write_python_guide.py` would write the page that is there."""
    command = "import write_python_guide; print(write_python_guide.write(), end='')"
    written = subprocess.run(
        [sys.executable, "-c", command], cwd=Path(__file__).parent, stdout=-1, text=True, check=True
    )
    assert written.stdout == PAGES["python"]


def test_every_page_is_a_topic() -> None:
    """No page of the folder is hidden from `mag help`."""
    assert {path.stem for path in FOLDER.glob("*.md")} == set(TOPICS)
