"""Laws of an experiment's end: what an ending interpreter does for a program is done before it completed."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.record.records import Record

Mag = Callable[..., CompletedProcess[str]]
Read = Callable[[str], Record]


def write_app(project: Path, body: str) -> None:
    """Make `body` the function of the project's app."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    (project / "train.py").write_text(
        f"import os, sys, time, signal\nimport mag\n\n@mag.main()\ndef train(config):\n{lines}\n"
    )


BODIES = {
    "global": "global out\nout = open('out', 'w')\nout.write('text')",
    "cycle": "class Log: pass\nlog = Log()\nlog.me = log\nlog.file = open('out', 'w')\nlog.file.write('text')",
    "binary": "global out\nout = open('out', 'wb')\nout.write(b'text')",
    "exit": "import atexit\natexit.register(lambda: open('out', 'w').write('text'))",
    "thread": "import threading\n"
    "threading.Thread(target=lambda: (time.sleep(0.2), open('out', 'w').write('text'))).start()",
    "logging": "import logging, logging.handlers\n"
    "handler = logging.handlers.MemoryHandler(99, target=logging.FileHandler('out'))\n"
    "log = logging.getLogger('x')\nlog.addHandler(handler)\nlog.warning('text')",
}


@pytest.mark.parametrize("kind", BODIES)
def test_open_files_are_written(project: Path, mag: Mag, read: Read, kind: str) -> None:
    """What plain Python would have written when it ends is in the file when the experiment has completed."""
    write_app(project, BODIES[kind])
    mag("sweep", "+k=1")

    assert read("1").status == "completed"
    assert (project / "out").read_text().strip() == "text"


def test_compressed_files_get_their_end(project: Path, mag: Mag) -> None:
    """A compressor's trailer is written, before the file below it is ended."""
    write_app(project, "import gzip\nglobal out\nout = gzip.open('out', 'wb')\nout.write(b'text')")
    mag("sweep", "+k=1")

    assert subprocess.run(["gzip", "-dc", "out"], capture_output=True, check=True).stdout == b"text"


def test_file_opened_at_import(project: Path, mag: Mag) -> None:
    """A file that the app opened when it was imported is written, too."""
    (project / "train.py").write_text(
        "import mag\nout = open('out', 'a')\n@mag.main()\ndef train(c):\n    out.write(str(c.k))\n"
    )
    mag("sweep", "+k=1,2", "-j", "1")

    assert (project / "out").read_text() == "12"


def test_what_cannot_be_written_is_a_failure(project: Path, mag: Mag, read: Read) -> None:
    """An experiment whose file cannot be written to its end has not completed."""
    write_app(project, "global out\nout = open('/dev/full', 'w')\nout.write('text')")
    mag("sweep", "+k=1")

    assert read("1").status == "failed"
    assert "No space left" in (read("1").error or {})["message"]


def test_libraries_clean_up(project: Path, mag: Mag, read: Read) -> None:
    """A pool of processes inside an experiment leaves neither processes nor semaphores behind."""
    before = set(os.listdir("/dev/shm"))
    write_app(
        project,
        "from joblib import Parallel, delayed\nreturn sum(Parallel(n_jobs=2)(delayed(abs)(i) for i in [-1, -2]))",
    )
    mag("sweep", "+k=1")

    assert read("1").results == {"result": 3}
    assert set(os.listdir("/dev/shm")) <= before
    assert "left running" not in (project / "experiments" / "1" / "log").read_text()


@pytest.mark.parametrize("place", ["while the app is imported", "in the experiment", "in both"])
def test_finalizers_are_run(project: Path, mag: Mag, place: str) -> None:
    """Those of `weakref.finalize`, wherever they were made."""
    make = "import weakref\nweakref.finalize(mag, print, 'finalized')\n"
    body = make if place != "while the app is imported" else "pass\n"
    write_app(project, body)
    if place != "in the experiment":
        text = (project / "train.py").read_text()
        (project / "train.py").write_text(text.replace("@mag.main", f"{make}\n@mag.main", 1))
    mag("sweep", "+k=1")

    expected = "finalized\n" * (2 if place == "in both" else 1)
    assert (project / "experiments" / "1" / "log").read_text() == expected


def test_finally_is_run_when_an_experiment_is_stopped(project: Path, mag: Mag, read: Read) -> None:
    """SIGTERM is to an experiment what Ctrl-C is to plain Python: `finally` blocks have their time."""
    write_app(project, "try:\n    time.sleep(60)\nfinally:\n    open('out', 'w').write('text')")
    mag("sweep", "+k=1", "--timeout", "0.5s")

    assert (project / "out").read_text() == "text"
    assert read("1").status == "timeout"


def test_pools_of_the_experiment_are_not_disturbed(project: Path, mag: Mag) -> None:
    """The workers of a pool end by SIGTERM as ever, without a word in the log."""
    write_app(
        project,
        "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool:\n    pool.map(abs, [1])",
    )
    mag("sweep", "+k=1")

    assert (project / "experiments" / "1" / "log").read_text() == ""


def test_faults_of_the_record_are_failures(project: Path, mag: Mag) -> None:
    """What cannot be recorded is a failure of that experiment, said in its line."""
    write_app(project, "import shutil\nshutil.rmtree(os.environ['MAG_EXPERIMENT_DIR'])")
    done = mag("sweep", "+k=1")

    assert done.returncode == 1
    assert "its directory was removed while it ran" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stream_that_is_its_own_buffer(project: Path, mag: Mag, read: Read) -> None:
    """What stands in for standard output may answer as it likes, as the captures of test runners do."""
    (project / "train.py").write_text(
        "import sys\nimport mag\n\nclass Odd:\n    buffer = property(lambda self: self)\n"
        "    write = flush = lambda *a: None\n\n"
        "sys.stdin = sys.stderr = Odd()\n\n@mag.main()\ndef train(config):\n    sys.stdout = Odd()\n"
    )
    mag("sweep", "+k=1")

    assert read("1").status == "completed"
