"""Laws of limits: what costs too much is ended, for the reason that is told, with all that it started."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.launch.capacity import count_cpus
from mag.record.records import Record

Mag = Callable[..., CompletedProcess[str]]
Read = Callable[[str], Record]
APP = """\
import os, signal, subprocess, sys, threading, time
import mag

def hog():
    held = []
    for _ in range(100):
        held.append(bytearray(b"x" * 10_000_000))
        time.sleep(0.02)

def deaf():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)

def polite():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    time.sleep(60)

def chatter():
    for number in range(20):
        print(number, flush=True)
        time.sleep(0.1)

def flaky():
    with open("tries", "a") as file:
        file.write("x")
    if os.path.getsize("tries") < 3:
        raise ValueError("not yet")

def flood():
    for number in range(400_000):
        print("line", number)
    time.sleep(0.6)
    print("last")

def burst():
    time.sleep(0.1)  # between two looks at the log, which may cost what is being written
    print("first")
    print("x" * 1_000_000)
    print("last")

def orphan():
    code = "held = bytearray(b'x' * 300_000_000); import time; time.sleep(60)"
    subprocess.run(["sh", "-c", f'setsid {sys.executable} -c "{code}" &'])
    time.sleep(60)

def catcher():
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        return {"part": 1}

def handler():
    asked = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: asked.set())
    print("ready", flush=True)
    asked.wait()
    return {"part": 1}

def nested():
    mag.sweep(lambda config: time.sleep(60), ["+a=1"], experiments_dir="inner")
    return {"part": 1}

KINDS = {
    "sleep": lambda: time.sleep(60),
    "halt": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    "family": lambda: subprocess.run(["bash", "-c", "echo $$; sleep 61 & echo $!; sleep 61"]),
    "fine": lambda: {"all": 1},
}

@mag.main()
def train(config):
    return KINDS.get(config.kind, globals().get(config.kind))()
"""


@pytest.fixture(autouse=True)
def app(project: Path) -> Path:
    """Make the project's app one that misbehaves."""
    (project / "train.py").write_text(APP)
    return project


@pytest.mark.parametrize("kind", ["sleep", "halt", "family", "deaf", "polite", "catcher", "handler", "nested"])
def test_timeout(mag: Mag, read: Read, kind: str) -> None:
    """Whatever it does meanwhile, an experiment that runs too long is ended, and its record says timeout."""
    done = mag("sweep", f"+kind={kind},fine", "--timeout", "0.4s", "--grace", "0.3s")
    record = read(kind)

    assert (done.returncode, record.status) == (1, "timeout")
    assert record.error == {"type": "timeout", "message": "it ran longer than 0.4 s", "where": None}
    assert read("fine").status == "completed"


@pytest.mark.parametrize("kind", ["catcher", "handler"])
@pytest.mark.parametrize("named", [[], ["experiment"]])
def test_what_returns_when_it_is_stopped(app: Path, mag: Mag, read: Read, kind: str, named: list[str]) -> None:
    """It is not completed, since nobody knows whether it did all; what it returned is kept."""
    log = app / "experiments" / kind / "log"
    with subprocess.Popen([sys.executable, "-m", "mag", "sweep", "-q", f"+kind={kind}"]) as runner:
        while not (log.exists() and log.read_text()):
            time.sleep(0.02)
        mag("stop", *[kind for _ in named])

    assert (runner.returncode, read(kind).status, read(kind).results) == (1, "interrupted", {"part": 1})


def test_timeout_ends_the_whole_tree(app: Path, mag: Mag) -> None:
    """Nothing that it started outlives it."""
    mag("sweep", "+kind=family", "--timeout", "0.5s")

    family = (app / "experiments" / "family" / "log").read_text().splitlines()[:2]
    assert len(family) == 2
    assert subprocess.run(["ps", "-o", "args=", "-p", ",".join(family)], capture_output=True, check=False).stdout == b""


def test_stall(mag: Mag, read: Read) -> None:
    """Who prints is left alone, who is silent too long is ended."""
    mag("sweep", "+kind=chatter,sleep", "--stall", "0.8s")

    assert (read("chatter").status, read("sleep").status) == ("completed", "timeout")
    assert (read("sleep").error or {})["type"] == "stall"


def test_memory(mag: Mag, read: Read) -> None:
    """Who holds too much is ended, and the record says how much."""
    mag("sweep", "+kind=hog,fine", "--memory", "150M", timeout=30)

    assert (read("hog").status, read("fine").status) == ("killed", "completed")
    assert "more than the 150 MB allowed" in (read("hog").error or {})["message"]


def test_memory_of_what_an_experiment_left_behind(mag: Mag, read: Read) -> None:
    """What its processes hold counts, whoever has become their parent."""
    mag("sweep", "+kind=orphan", "--memory", "150M", timeout=30)

    assert (read("orphan").status, (read("orphan").error or {})["type"]) == ("killed", "memory")


def test_retries(app: Path, mag: Mag, read: Read) -> None:
    """A faulty experiment is tried again at once; each attempt is kept."""
    done = mag("sweep", "+kind=flaky", "--retries", "5")

    assert (done.returncode, read("flaky").attempt) == (0, 3)
    assert "not yet" in (app / "experiments" / "flaky" / ".mag" / "attempts" / "2" / "log").read_text()


def test_retries_for_a_cause(mag: Mag, read: Read) -> None:
    """With --retry-on only what failed for that cause is tried again."""
    done = mag("sweep", "+kind=flaky", "--retries", "5", "--retry-on", "timeout,oom")

    assert (done.returncode, read("flaky").attempt) == (1, 1)


def test_log_limit(app: Path, mag: Mag, read: Read) -> None:
    """Of a runaway log the beginning and the end are kept, and the experiment goes on."""
    mag("sweep", "+kind=flood", "--log-limit", "100K")
    log = (app / "experiments" / "flood" / "log").read_text()

    assert read("flood").status == "completed"
    assert len(log) <= 110_000
    assert log.startswith("line 0\nline 1\n")
    assert "bytes were left out here" in log
    assert log.endswith("line 399999\nlast\n")


def test_log_limit_of_a_quick_one(app: Path, mag: Mag, read: Read) -> None:
    """A log that grew too long right before the end is shortened, too."""
    mag("sweep", "+kind=burst", "--log-limit", "100K")
    log = (app / "experiments" / "burst" / "log").read_text()

    assert read("burst").status == "completed"
    assert (len(log) <= 110_000, log[:6], log[-6:]) == (True, "first\n", "\nlast\n")


@pytest.mark.parametrize(("option", "started"), [(["-x"], 1), (["--max-failures", "2"], 2), ([], 4)])
def test_giving_up(app: Path, mag: Mag, option: list[str], started: int) -> None:
    """After so many failures nothing more is started."""
    (app / "train.py").write_text("import mag\n@mag.main()\ndef train(c):\n    1 / 0\n")
    done = mag("sweep", "+k=1,2,3,4", "-j", "1", *option)

    assert done.returncode == 1
    assert len([path for path in (app / "experiments").iterdir() if path.name != ".mag"]) == started


def test_threads_of_numerical_libraries(app: Path, mag: Mag, read: Read) -> None:
    """Each experiment gets its share of the CPUs, unless the user has said how many threads there are to be."""
    (app / "train.py").write_text(
        "import os, mag\n@mag.main()\ndef train(c):\n    return os.environ['OMP_NUM_THREADS']\n"
    )
    mag("sweep", "+k=1,2", "-j", "1")
    mag("sweep", "+k=3", OMP_NUM_THREADS="7")

    assert [read(name).results["result"] for name in "123"] == [str(count_cpus()), str(count_cpus()), "7"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["--retry-on", "oom, timeout"], ["--retries", "1", "--retry-on", "oom, timeout"]),
        (["--gpus", "0-1"], ["--gpus", "0,1"]),
        (["--gpus", "a,,b"], ["--gpus", "a,b"]),
        (["--gpus", ""], ["--gpus", "0,1"]),
        (["--gpus-per-experiment", "2"], ["--gpus", "0, 1, 2, 3", "--gpus-per-experiment", "2"]),
    ],
)
def test_what_would_have_no_effect(app: Path, mag: Mag, typed: list[str], meant: list[str]) -> None:
    """An option that would do nothing is a mistake; what is to be typed instead works."""
    done = mag("sweep", "+kind=fine", *typed)

    assert (done.returncode, meant[0] in done.stderr, (app / "experiments").exists()) == (2, True, False)
    assert mag("sweep", "+kind=fine", *meant).returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [["--timeout", "soon"], ["--timeout", "0"], ["--memory", "much"], ["--retry-on", "rain"], ["--retries", "-1"]],
)
def test_mistakes(app: Path, mag: Mag, arguments: list[str]) -> None:
    """A limit that cannot be read is exit status 2 and names what was typed."""
    done = mag("sweep", "+kind=fine", *arguments)

    assert (done.returncode, arguments[0] in done.stderr, (app / "experiments").exists()) == (2, True, False)


@pytest.fixture
def control_group() -> Iterator[Path]:
    """Return the memory control group of the kernel's that is made for a test, where one can be made."""
    for folder, limit in (("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")):
        group = Path(folder, f"mag-test-{os.getpid()}")
        with contextlib.suppress(OSError):
            group.mkdir()
        if (group / limit).exists():  # it is no plain directory
            (group / limit).write_text(str(300 * 2**20))
            yield group
            group.rmdir()
            return
        with contextlib.suppress(OSError):
            group.rmdir()
    pytest.skip("no control group can be made here")


def test_the_kernel_is_out_of_memory(control_group: Path, read: Read) -> None:
    """Whom the kernel kills for want of memory is on record as that, is tried again for that, and takes none along."""
    join = f"echo $$ > {control_group}/cgroup.procs; exec {sys.executable} -m mag sweep +kind=hog,fine"
    done = subprocess.run(
        ["sh", "-c", f"set -e; {join} --retries 1 --retry-on oom --timeout 60s"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    record = read("hog")

    assert done.returncode == 1
    assert (record.status, (record.error or {})["type"], record.attempt) == ("killed", "out of memory", 2)
    assert read("fine").status == "completed"


STUCK = """\
import threading, time
import mag
lock = threading.Lock()
lock.acquire()

@mag.main()
def train(config):
    lock.acquire() if config.kind == "stuck" else time.sleep(1.5)
"""


@pytest.mark.skipif(not Path("/proc/self/wchan").exists(), reason="no /proc tells what a process waits for")
def test_one_that_waits_for_a_lock_from_its_start_is_named(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line names an experiment that does nothing but wait for a lock; one that sleeps is none of these."""
    (project / "train.py").write_text(STUCK)
    (project / "soon.py").write_text(
        "import mag.run.limits, mag.cli.program as p\nmag.run.limits.LOOK_SECONDS = 0.7\np.main()\n"
    )
    command = [sys.executable, "soon.py", "sweep", "+kind=stuck,sleeps", "-j", "2", "--timeout", "3s"]
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert "mag: stuck has done nothing for" in done.stderr
    assert "--start-method spawn" in done.stderr
    assert "sleeps has done" not in done.stderr
