"""Laws of `mag run`."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.record.records import Record

Mag = Callable[..., CompletedProcess[str]]
Read = Callable[[str], Record]


def test_output_is_also_shown(project: Path, mag: Mag) -> None:
    """Standard output has what the experiment printed, and nothing else; so has the log."""
    done = mag("run", "C=10")

    assert (done.returncode, done.stdout) == (0, "C is 10\n")
    assert (project / "experiments" / "10|0.5" / "log").read_text() == "C is 10\n"
    assert "completed   10|0.5  score=5" in done.stderr


def test_all_of_a_long_output_is_shown(project: Path, mag: Mag) -> None:
    """Megabytes of output arrive whole."""
    (project / "train.py").write_text("import mag\n@mag.main()\ndef train(c):\n    print('x' * 9_000_000)\n")

    assert len(mag("run").stdout) == 9_000_001


@pytest.mark.usefixtures("project")
def test_completed_one_is_not_run_again(mag: Mag, read: Read) -> None:
    """A completed experiment runs again with `--force` only."""
    mag("run")
    again = mag("run")

    assert (again.returncode, again.stdout) == (0, "")
    assert "done already" in again.stderr
    assert mag("run", "--force").stdout == "C is 1\n"
    assert read("1|0.5").attempt == 2


def test_earlier_attempts_output_is_not_shown_again(project: Path, mag: Mag) -> None:
    """What an earlier attempt printed is not shown as this one's."""
    (project / "train.py").write_text("import mag\n@mag.main()\ndef train(c):\n    print('one'); 1 / 0\n")
    mag("run")
    (project / "train.py").write_text("import mag\n@mag.main()\ndef train(c):\n    print('two')\n")

    assert mag("run").stdout == "two\n"


def test_what_cannot_be_stored_costs_nothing_else(project: Path, mag: Mag, read: Read) -> None:
    """An experiment that returns what no file can hold is completed, with all the rest; the record names it."""
    returned = "{'score': 0.9, 'file': pathlib.Path('last.pt'), 'model': object(), 'best': {'m': print, 'n': 1}}"
    app = f"import mag, pathlib\n@mag.main()\ndef train(c):\n    return {returned}\n"
    (project / "train.py").write_text(app)

    done = mag("run")
    record = read("default")
    assert (done.returncode, record.status) == (0, "completed")
    assert record.results == {"score": 0.9, "file": "last.pt", "best": {"n": 1}}
    assert record.left_out == ("model (object)", "best.m (builtin_function_or_method)")
    assert "left out of the results, since it cannot be stored: model (object)" in done.stderr
    assert "model (object)" in mag("show", "default").stdout


def test_failure(project: Path, mag: Mag) -> None:
    """A failed experiment shows its traceback and leads to exit status 1."""
    (project / "train.py").write_text("import mag\n@mag.main()\ndef train(c):\n    1 / 0\n")
    done = mag("run")

    assert done.returncode == 1
    assert "ZeroDivisionError: division by zero" in done.stdout
    assert "failed      default" in done.stderr


@pytest.mark.usefixtures("project")
def test_several_values_belong_to_sweep(mag: Mag) -> None:
    """Several values are an error that names the right command, and the advice works."""
    done = mag("run", "C=1,2")

    assert (done.returncode, "type mag sweep C=1,2 (" in done.stderr) == (2, True)
    assert mag("sweep", "C=1,2").returncode == 0


def test_reader_that_goes_away(project: Path, read: Read) -> None:
    """An experiment completes though nobody reads its output any more."""
    (project / "train.py").write_text(
        "import mag\n@mag.main()\ndef train(c):\n    for _ in range(200_000):\n        print('line')\n"
    )
    subprocess.run(["bash", "-c", f"{sys.executable} -m mag run | head -1"], check=False, capture_output=True)

    assert read("default").status == "completed"


def test_a_second_interruption_is_quicker_and_says_so(project: Path) -> None:
    """The first one leaves the grace period, the second does not."""
    (project / "train.py").write_text(
        "import mag, time\n@mag.main('configs')\ndef train(c):\n    try:\n        print('ready', flush=True)\n"
        "        time.sleep(60)\n    finally:\n        print('cleaning', flush=True)\n        time.sleep(60)\n"
    )
    command = [sys.executable, "-m", "mag", "run"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in ("ready\n", "cleaning\n"):
            assert process.stdout.readline() == line
            time.sleep(0.1)  # what comes within 50 ms of the first is no second one
            process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[1]

    assert process.returncode == 130
    assert said.splitlines()[1:3] == [
        "stopping: it has the grace period to end (Ctrl-C again: at once)",
        "stopping at once",
    ]


def test_the_record_tells_how_the_config_came_about(project: Path, mag: Mag, read: Read) -> None:
    """It has the config resolved, and as composed with interpolations and choices; nothing twice without need."""
    (project / "configs" / "model").mkdir()
    (project / "configs" / "model" / "svm.yaml").write_text("width: 4\nname: net_${.width}\n")
    mag("run", "+model=svm", "gamma=2")
    mag("run")
    record = read(next(path.name for path in Path("experiments").glob("*net_4*")))

    assert record.config["model"] == {"width": 4, "name": "net_4"}
    assert record.composed is not None
    assert record.composed["model"] == {"width": 4, "name": "net_${.width}"}
    assert record.choices == {"model": "svm"}
    assert (read("1|0.5").composed, read("1|0.5").choices) == (None, {})


def test_a_traceback_begins_with_the_user_s_function(mag: Mag, project: Path) -> None:
    """The frames by which mag calls the function are nobody's fault, and not shown."""
    (project / "train.py").write_text("import mag\n\n@mag.main\ndef train(config):\n    raise ValueError('x')\n")
    lines = mag("run", "+C=1").stdout.splitlines()
    assert lines[:2] == ["Traceback (most recent call last):", f'  File "{project}/train.py", line 5, in train']
