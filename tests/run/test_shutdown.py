"""Laws of an experiment's end: what an ending interpreter does for a program is done before it completed."""

import json
import os
import subprocess
import sys
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


@pytest.mark.parametrize("mode", ["b", "t"])
def test_compressed_files_get_their_end(project: Path, mag: Mag, mode: str) -> None:
    """A compressor's trailer is written, after what texts hold for it, and before the file below it is ended."""
    text = "'text'" if mode == "t" else "b'text'"
    write_app(project, f"import gzip\nglobal out\nout = gzip.open('out', 'w{mode}')\nout.write({text})")
    mag("sweep", "+k=1")

    assert subprocess.run(["gzip", "-dc", "out"], capture_output=True, check=True).stdout == b"text"


@pytest.mark.parametrize("kind", BODIES)
def test_open_files_are_written(project: Path, mag: Mag, read: Read, kind: str) -> None:
    """What plain Python would have written when it ends is in the file when the experiment has completed."""
    write_app(project, BODIES[kind])
    mag("sweep", "+k=1")

    assert read("1").status == "completed"
    assert (project / "out").read_text().strip() == "text"


def test_file_opened_at_import(project: Path, mag: Mag) -> None:
    """A file that the app opened when it was imported is written, too, and by each experiment what is its own."""
    (project / "train.py").write_text(
        "import mag\nout = open('out', 'a')\nout.write('head ')\n@mag.main()\ndef train(c):\n    out.write(str(c.k))\n"
        "if __name__ == '__main__':\n    train()\n"
    )
    mag("sweep", "+k=1,2", "-j", "1")
    subprocess.run([sys.executable, "train.py", "-m", "+k=3,4", "-j", "1"], check=True, capture_output=True)

    assert (project / "out").read_text() == "head 12head 34"


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


@pytest.mark.parametrize("make", ["weakref.finalize(mag, print, 'the end')", "atexit.register(print, 'the end')"])
def test_exit_functions_are_run_where_they_were_made(project: Path, mag: Mag, make: str) -> None:
    """Those of an experiment at its end, those of the app once, when all experiments have ended."""
    write_app(project, f"import weakref, atexit\n{make}")
    each = mag("sweep", "+k=1,2", "-q")
    (project / "train.py").write_text(f"import atexit, weakref, mag\n{make}\n@mag.main()\ndef train(c): ...\n")
    once = mag("sweep", "+k=3,4", "-q")

    assert [(project / "experiments" / k / "log").read_text() for k in "1234"] == ["the end\n", "the end\n", "", ""]
    assert (each.stderr, once.stderr) == ("", "the end\n")


@pytest.mark.parametrize(
    "make",
    [
        "import tempfile\ntemporary = tempfile.TemporaryDirectory()\nplace = temporary.name",
        "import atexit, shutil, tempfile\nplace = tempfile.mkdtemp()\natexit.register(shutil.rmtree, place)",
    ],
    ids=["finalizer", "exit function"],
)
def test_what_the_app_makes_lasts_for_all(project: Path, mag: Mag, make: str) -> None:
    """No experiment takes away what the others use; when all have ended, it is gone."""
    (project / "train.py").write_text(
        f"import mag\n{make}\n@mag.main()\ndef train(config):\n    open(f'{{place}}/{{config.k}}', 'w').close()\n"
        "    return {'place': place}\n"
    )
    done = mag("sweep", "+k=1,2,3", "-j", "1")

    assert "3 completed" in done.stderr
    results = json.loads((project / "experiments" / "1" / "results.json").read_text())
    assert not Path(results["place"]).exists()


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
