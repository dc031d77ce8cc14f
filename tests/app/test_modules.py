"""Laws of importing apps: whatever they do, the command says it, and nothing was started."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.record.paths import StorePaths
from mag.record.records import read_record

Mag = Callable[..., CompletedProcess[str]]


def test_app_that_raises_at_import(project: Path, mag: Mag) -> None:
    """An app that cannot be imported costs exit status 2, one sentence with the line, and nothing is written."""
    (project / "train.py").write_text(
        "import mag\n@mag.main('configs')\ndef train(c): ...\nraise ValueError('bad data')\n"
    )
    done = mag("sweep", "C=1,2")

    assert done.returncode == 2
    assert "train.py:4 raised ValueError when it was imported: bad data" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (project / "experiments").exists()
    assert "Traceback" in mag("--debug", "sweep", "C=1,2").stderr


@pytest.mark.parametrize("line", ["import sys; sys.exit(0)", "import os; os._exit(0)", "import nowhere_to_be_found"])
def test_other_ways_to_fail_at_import(project: Path, mag: Mag, line: str) -> None:
    """Whatever an app does when it is imported, the command says that nothing was started."""
    (project / "train.py").write_text(f"import mag\n@mag.main('configs')\ndef train(c): ...\n{line}\n")
    done = mag("sweep", "C=1,2")

    assert (done.returncode, done.stdout) == (2, "")
    assert not (project / "experiments").exists()


def test_unguarded_call_at_import(project: Path, mag: Mag) -> None:
    """A script that forgot its guard is told about it instead of running itself for ever."""
    (project / "train.py").write_text("import mag\n@mag.main('configs')\ndef train(c): ...\ntrain()\n")
    done = mag("sweep", "C=1,2")

    assert done.returncode == 2
    assert 'if __name__ == "__main__"' in done.stderr


@pytest.fixture
def package(project: Path) -> Path:
    """Return the project with its app in a package, which uses a relative import."""
    (project / "pack").mkdir()
    (project / "pack" / "__init__.py").touch()
    (project / "pack" / "model.py").write_text("NAME = 'a model'\n")
    (project / "pack" / "train.py").write_text(
        "import mag\nfrom .model import NAME\n@mag.main('../configs')\ndef train(config):\n    print(NAME, __name__)\n"
    )
    return project


@pytest.mark.usefixtures("package")
def test_modules_are_imported_as_modules(mag: Mag) -> None:
    """`package.module:function` may use relative imports."""
    done = mag("run", "pack.train:train", "C=2")

    assert (done.returncode, done.stdout) == (0, "a model pack.train\n"), done.stderr


@pytest.mark.parametrize(("folder", "where"), [(".", ""), ("configs", " in {package}")])
def test_relative_imports_of_a_file(
    package: Path, mag: Mag, monkeypatch: pytest.MonkeyPatch, folder: str, where: str
) -> None:
    """A file with relative imports is refused with the name that works, and where it does."""
    monkeypatch.chdir(package / folder)
    done = mag("run", str(package / "pack" / "train.py"), "C=2")

    assert done.returncode == 2
    assert f"name the app pack.train:FUNCTION{where.format(package=package)}." in done.stderr


def test_a_syntax_error_elsewhere(project: Path, mag: Mag) -> None:
    """Where a module that the app imports does not parse, that one's line is told."""
    (project / "broken_part.py").write_text("x = 1\ny = = 2\n")
    (project / "train.py").write_text("import mag\nimport broken_part\n@mag.main('configs')\ndef train(c): ...\n")

    assert "broken_part.py:2 raised SyntaxError" in mag("run").stderr


def test_a_module_as_a_script(package: Path, mag: Mag) -> None:
    """`python -m package.module` and `mag run package.module:function` run the same app."""
    with (package / "pack" / "train.py").open("a") as file:
        file.write("if __name__ == '__main__':\n    train()\n")
    subprocess.run([sys.executable, "-m", "pack.train", "C=2"], check=True)
    again = mag("run", "pack.train:train", "C=2")

    assert "done already" in again.stderr
    assert read_record(StorePaths("experiments").experiment("2|0.5")).app == "pack.train:train"


def test_an_exception_without_a_word(project: Path, mag: Mag) -> None:
    """Its name is all that there is to say."""
    (project / "train.py").write_text("import mag\n@mag.main()\ndef train(config): ...\nraise KeyboardInterrupt\n")
    done = mag("sweep", "+k=1")

    assert (done.returncode, "raised KeyboardInterrupt when it was imported. Nothing" in done.stderr) == (2, True)
