"""Laws of running experiments: each fault costs one experiment, and is recorded for what it is."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mag.record.records import Record

Mag = Callable[..., "object"]

APP = '''\
import ctypes, os, signal, subprocess, sys, threading, time
import mag

class Odd(Exception):
    """An exception that cannot be pickled and read back."""
    def __init__(self, a, b):
        super().__init__(a)

def recurse():
    return recurse()

FAULTS = {
    "exception": lambda: {}["missing"],
    "odd": lambda: (_ for _ in ()).throw(Odd(1, 2)),
    "exit0": lambda: sys.exit(0),
    "exit3": lambda: sys.exit(3),
    "exit_text": lambda: sys.exit("no data"),
    "os_exit": lambda: os._exit(7),
    "os_exit0": lambda: os._exit(0),
    "segfault": lambda: ctypes.string_at(0),
    "sigkill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "interrupt": lambda: (_ for _ in ()).throw(KeyboardInterrupt()),
    "recursion": recurse,
    "background": lambda: subprocess.Popen(["sleep", "987"]),
    "session": lambda: subprocess.Popen(["sleep", "987"], start_new_session=True),
    "thread": lambda: threading.Thread(target=lambda: (time.sleep(0.3), print("late"))).start(),
    "descriptors": lambda: os.closerange(3, 256),
    "world": lambda: (os.chdir("/"), os.environ.clear(), signal.signal(signal.SIGTERM, signal.SIG_IGN)),
    "stdin": lambda: print("read", repr(sys.stdin.read())),
    "nothing": lambda: None,
}

@mag.main()
def train(config, experiment):
    experiment.register_result("early", 1)
    FAULTS[config.fault]()
    return {"late": 2}
'''
VERDICTS = {
    "exception": ("failed", 1, None, "KeyError"),
    "odd": ("failed", 1, None, "Odd"),
    "exit0": ("failed", 0, None, "SystemExit"),
    "exit3": ("failed", 3, None, "SystemExit"),
    "exit_text": ("failed", 1, None, "SystemExit"),
    "os_exit": ("failed", 7, None, "exit 7"),
    "os_exit0": ("failed", 0, None, "exit 0"),
    "segfault": ("killed", None, 11, "SIGSEGV"),
    "sigkill": ("killed", None, 9, "SIGKILL"),
    "interrupt": ("interrupted", 130, None, "KeyboardInterrupt"),
    "recursion": ("failed", 1, None, "RecursionError"),
}
HEALTHY = ["background", "session", "thread", "descriptors", "world", "stdin", "nothing"]


@pytest.fixture(scope="module", params=["fork", "spawn"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the store of one sweep that has every fault in it, of either start method."""
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("faults")
    (folder / "train.py").write_text(APP)
    faults = ",".join([*VERDICTS, *HEALTHY])
    command = [sys.executable, "-m", "mag", "sweep", f"+fault={faults}", "-j", "2", "--start-method", request.param]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert f"{len(HEALTHY)} completed, 8 failed, 2 killed, 1 interrupted" in done.stderr
    return folder / "experiments"


def read_from(store: Path, name: str) -> Record:
    """Return the record of one of them."""
    from mag.record.paths import StorePaths
    from mag.record.records import read_record

    return read_record(StorePaths(str(store)).experiment(name))


@pytest.mark.parametrize("fault", VERDICTS)
def test_a_fault_is_recorded_for_what_it_is(store: Path, fault: str) -> None:
    """Status, exit code, signal and kind of error are those of the fault; results from before it are kept."""
    record = read_from(store, fault)
    error = record.error or {}

    assert (record.status, record.exit["code"], record.exit["signal"], error["type"]) == VERDICTS[fault]
    assert record.results == {"early": 1}


@pytest.mark.parametrize("name", HEALTHY)
def test_the_others_complete(store: Path, name: str) -> None:
    """No fault of one experiment touches another."""
    record = read_from(store, name)

    assert (record.status, record.results) == ("completed", {"early": 1, "late": 2})
    assert json.loads((store / name / "results.json").read_text()) == {"early": 1, "late": 2}


@pytest.mark.parametrize("name", ["background", "session"])
def test_nothing_is_left_running(store: Path, name: str) -> None:
    """What an experiment leaves running is ended, and its log says so."""
    assert (store / name / "log").read_text() == "mag: ended 1 process that the experiment left running\n"


def test_threads_are_waited_for(store: Path) -> None:
    """An experiment has not completed before its threads have."""
    assert (store / "thread" / "log").read_text() == "late\n"


def test_standard_input_is_empty(store: Path) -> None:
    """An experiment that asks for input is told at once that there is none."""
    assert (store / "stdin" / "log").read_text() == "read ''\n"


@pytest.mark.parametrize(("name", "text"), [("exception", "KeyError: 'missing'"), ("segfault", "Segmentation fault")])
def test_the_log_has_the_traceback(store: Path, name: str, text: str) -> None:
    """The traceback stands in the log, that of a crash in C as well."""
    assert text in (store / name / "log").read_text()


def test_a_traceback_begins_with_the_users_code(store: Path) -> None:
    """The first frame in the log is the user's, and none of mag's stands above it."""
    lines = (store / "exception" / "log").read_text().splitlines()
    frame = lines[lines.index("Traceback (most recent call last):") + 1]

    assert frame.startswith(f'  File "{store.parent / "train.py"}"')


def test_the_error_names_the_users_line(store: Path) -> None:
    """The place of an error is in the user's code."""
    where = (read_from(store, "exception").error or {})["where"]

    assert where.startswith(str(store.parent / "train.py:"))
