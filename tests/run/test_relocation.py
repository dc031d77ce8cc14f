"""Laws of relocation, in interpreters of their own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROGRAM = """\
import os, sys, types
from pathlib import Path

from mag.run.relocation import find_strays, relocate

old, new = Path(sys.argv[1]), Path(sys.argv[2])
sys.path[:0] = [str(old / "src"), str(old / "venv" / "site-packages")]
finder = types.ModuleType("__editable___project_finder")
finder.MAPPING = {"package": str(old / "src" / "package")}
sys.modules[finder.__name__] = finder
if "early" in sys.argv:
    import part
relocate(new / "work", {old: new}, {"OMP_NUM_THREADS": "3"})
import part

print(part.PLACE, os.getcwd() == str(new / "work"), os.environ["OMP_NUM_THREADS"])
print(finder.MAPPING["package"] == str(new / "src" / "package"), str(old / "venv" / "site-packages") in sys.path)
print([Path(path).name for path in find_strays({old: new})])
"""


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Return two work trees; the first has a virtual environment besides."""
    for name in ("old", "new"):
        for folder in ("src/package", "work"):
            (tmp_path / name / folder).mkdir(parents=True)
        (tmp_path / name / "src" / "part.py").write_text(f"PLACE = {name!r}\n")
    (tmp_path / "old" / "venv" / "site-packages").mkdir(parents=True)
    return tmp_path / "old", tmp_path / "new"


def run(*words: str | Path) -> list[str]:
    """Run the program and return its lines."""
    return subprocess.check_output([sys.executable, "-c", PROGRAM, *words], cwd=ROOT, text=True).splitlines()


def test_imports_come_from_the_other_tree(trees: tuple[Path, Path]) -> None:
    """Modules, editable projects, working directory and variables are the new ones; installed packages stay."""
    assert run(*trees) == ["new True 3", "True True", "[]"]


def test_strays_are_found(trees: tuple[Path, Path]) -> None:
    """A module that was imported before from the old tree is named."""
    assert run(*trees, "early") == ["old True 3", "True True", "['part.py']"]
