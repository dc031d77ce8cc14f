"""Laws of `mag sweep --snapshot`, and of code that is changed while a sweep runs from it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.record.records import Record

Mag = Callable[..., CompletedProcess[str]]
Read = Callable[[str], Record]
Git = Callable[..., str]

LAZY = """\
import sys
import mag

@mag.main(config_path="configs", config_name="config")
def train(config):
    open({code!r} + "/late.py", "a").write("VALUE = 'edited'\\n")
    import late
    return {{"value": late.VALUE, "data": open("data").read()}}
"""


@pytest.fixture
def lazy(versioned: Path) -> Path:
    """Return a project whose experiment imports late, after the file was edited; and a file that git ignores."""
    (versioned / "train.py").write_text(LAZY.format(code=str(versioned)))
    (versioned / "late.py").write_text("VALUE = 'frozen'\n")
    (versioned / ".gitignore").write_text("data\n")
    (versioned / "data").write_text("data")
    return versioned


@pytest.mark.usefixtures("lazy")
def test_editing_changes_nothing(mag: Mag, read: Read, git: Git) -> None:
    """With --snapshot a whole sweep runs the code that was there at its start; the work tree is gone afterwards."""
    done = mag("sweep", "C=1,2", "--snapshot", "--link", "data")

    assert done.returncode == 0, done.stderr
    assert [read(name).results["value"] for name in ("1|0.5", "2|0.5")] == ["frozen", "frozen"]
    assert (read("1|0.5").commit["frozen"], "changed" in read("1|0.5").commit) == (True, False)
    assert git("worktree", "list").count("\n") == 0
    again = mag("rerun", "1|0.5", "--link", "data")
    assert again.returncode == 0, again.stderr


@pytest.mark.usefixtures("lazy")
def test_edited_code_is_named(mag: Mag, read: Read) -> None:
    """Without it, the record names the code that is no longer as the snapshot holds it, and so does a rerun."""
    assert mag("run").returncode == 0

    assert read("1|0.5").results["value"] == "edited"
    assert read("1|0.5").commit["changed"] == ["late.py"]
    done = mag("rerun", "1|0.5", "--link", "data")
    assert (done.returncode, "late.py was changed" in done.stderr) == (1, True)


def test_code_that_is_edited_while_it_is_imported_is_named(versioned: Path, mag: Mag, read: Read) -> None:
    """Between import and snapshot there is no instant in which an edit would pass unseen."""
    (versioned / "part.py").write_text("VALUE = 1\n")
    (versioned / "train.py").write_text(
        "import mag, part, pathlib\nwith pathlib.Path(part.__file__).open('a') as file:\n"
        "    file.write('VALUE = 2\\n')\n@mag.main('configs')\ndef train(config):\n    return part.VALUE\n"
    )
    mag("run")

    assert read("1|0.5").results == {"result": 1}
    assert read("1|0.5").commit["changed"] == ["part.py"]


def test_without_a_repository(project: Path, mag: Mag) -> None:
    """There is nothing to freeze, and nothing is started."""
    done = mag("sweep", "C=1,2", "--snapshot")

    assert (done.returncode, "not in a git repository" in done.stderr) == (2, True)
    assert not (project / "experiments").exists()


@pytest.mark.usefixtures("lazy")
def test_python_scripts_freeze_too(read: Read) -> None:
    """An app that is the program itself is imported anew from the frozen code."""
    with Path("train.py").open("a") as file:
        file.write('\nif __name__ == "__main__":\n    train()\n')
    subprocess.run([sys.executable, "train.py", "-m", "C=3", "--snapshot", "--link=data"], check=True)

    assert read("3|0.5").results["value"] == "frozen"
