"""Laws of start methods: spawn is as fork in every respect, and taken by itself where a fork would not be safe."""

import json
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

FACTS = """\
import atexit, ctypes, os, random, signal, subprocess, sys
import mag

print("imported")
random.seed(1)
signal.signal(signal.SIGUSR1, lambda *_: print("handled"))
signal.signal(signal.SIGHUP, lambda *_: print("hung up"))

@mag.main(config_path="configs", config_name="config")
def train(config, experiment):
    print("one", flush=True)
    ctypes.CDLL(None).puts(b"two")
    ctypes.CDLL(None).fflush(None)
    os.system("echo three >&2")
    for number in (signal.SIGUSR1, signal.SIGHUP):
        os.kill(os.getpid(), number)
    atexit.register(print, "bye")
    subprocess.Popen(["sleep", "987"], start_new_session=True)
    status = [line for line in open("/proc/self/status") if line.startswith(("SigBlk", "SigIgn"))]
    return {
        "cwd": os.getcwd(), "leads": os.getsid(0) == os.getpid() == os.getpgid(0), "stdin": sys.stdin.read(),
        "mag": {name: os.environ[name] for name in sorted(os.environ) if name.startswith("MAG_")},
        "hash": hash("a"), "hashes": os.environ["PYTHONHASHSEED"], "arguments": sys.argv[1:2], "status": status,
        "open": sorted(os.readlink(f"/proc/self/fd/{n}").rpartition("/")[2] for n in (0, 1, 2)),
        "config": [type(config).__name__, config.C, config.gamma], "seed": experiment.seed, "name": __name__,
        "threads": os.environ["OMP_NUM_THREADS"], "path": sys.path[:2], "first": sys.modules["random"] is random,
    }
"""


def run_with(method: str, mag: Mag) -> tuple[dict[str, object], str, Record]:
    """Return results, log and record of an experiment that is started in this way."""
    from mag.record.paths import StorePaths
    from mag.record.records import read_record

    done = mag("run", "C=2", "--dir", method, "--start-method", method, "--env", "X=1")
    assert done.returncode == 0, done.stderr
    folder = Path(method, "2|0.5")
    results = json.loads((folder / "results.json").read_text().replace(f"{method}/", "/"))
    return results, (folder / "log").read_text(), read_record(StorePaths(method).experiment("2|0.5"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc tells which signals are ignored")
def test_one_contract(project: Path, mag: Mag) -> None:
    """Whatever an experiment can see of its process is the same; and so is its log, and what is on record."""
    (project / "train.py").write_text(FACTS)
    forked, log, record = run_with("fork", mag)
    spawned, spawned_log, spawned_record = run_with("spawn", mag)

    assert spawned == forked
    assert spawned_log == log
    assert log.startswith("one\ntwo\nthree\nhandled\nhung up\nbye\nmag: ended 1 process")
    for name in ("identity", "config", "choices", "attempt", "status", "environment", "app", "versions"):
        assert getattr(spawned_record, name) == getattr(record, name)
    assert spawned_record.exit.keys() == record.exit.keys()
    assert spawned_record.random["kept"] == record.random["kept"] == ["random"]


THREADS = """\
import threading, time
import mag
{habit}
@mag.main()
def train(config):
    return sum(thread is not threading.main_thread() for thread in threading.enumerate())
if __name__ == "__main__":
    train()
"""
UNSAFE = {
    "thread": "threading.Thread(target=threading.Event().wait, daemon=True).start()",
    "listener": "import atexit, logging.handlers, queue\nlistener = logging.handlers.QueueListener(queue.Queue())\n"
    "listener.start()\natexit.register(listener.stop)",
    "executor": "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor()\npool.submit(int)",
    "timer": "timer = threading.Timer(99, print)\ntimer.daemon = True\ntimer.start()",
}
SAFE = {
    "nothing": "",
    "over": "thread = threading.Thread(target=time.sleep, args=(0.01,))\nthread.start()\nthread.join()",
    "idle": "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor()",
    "numpy": "import numpy\nnumpy.ones((300, 300)) @ numpy.ones((300, 300))",
    "sklearn": "import sklearn.ensemble, sklearn.svm",
}


@pytest.mark.parametrize("habit", UNSAFE)
def test_threads_of_the_import_are_not_lost(project: Path, mag: Mag, read: Read, habit: str) -> None:
    """An app whose import leaves threads is spawned, a line says why, and its experiments have those threads."""
    (project / "train.py").write_text(THREADS.format(habit=UNSAFE[habit]))
    done = mag("sweep", "+k=1,2", "-j", "2")

    assert done.returncode == 0, done.stderr
    assert "train.py starts 1 thread" in done.stderr
    assert "experiments are spawned" in done.stderr
    assert [read(k).results["result"] for k in "12"] == [1, 1]


@pytest.mark.parametrize("habit", SAFE)
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_is_safe_is_forked(project: Path, mag: Mag, habit: str, jobs: str) -> None:
    """Threads that are over, and those of libraries that see to themselves, are no reason to spawn."""
    (project / "train.py").write_text(THREADS.format(habit=SAFE[habit]))
    done = mag("sweep", "+k=1,2", "-j", jobs, OPENBLAS_NUM_THREADS="3")

    assert (done.returncode, "spawned" in done.stderr) == (0, False), done.stderr


CUDA = {
    "fake_cuda/torch/__init__.py": "from . import cuda\n",
    "fake_cuda/torch/cuda.py": "def is_initialized(): return True\n",
}


def test_cuda(project: Path, mag: Mag) -> None:
    """An app whose import initializes CUDA is spawned."""
    for name, content in CUDA.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(content)
    (project / "train.py").write_text(THREADS.format(habit="import torch"))
    done = mag("run", "+k=1", PYTHONPATH=str(project / "fake_cuda"))

    assert done.returncode == 0, done.stderr
    assert "train.py initializes CUDA when it is imported: experiments are spawned" in done.stderr


def test_fork_is_obeyed(project: Path, mag: Mag, read: Read) -> None:
    """Who asks for forks gets them, and is told that they may hang."""
    (project / "train.py").write_text(THREADS.format(habit=UNSAFE["thread"]))
    done = mag("run", "+k=1", "--start-method", "fork")

    assert "may hang" in done.stderr
    assert read("1").results == {"result": 0}


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("place", ["settings", "decorator"])
def test_where_it_is_said(project: Path, mag: Mag, read: Read, method: str, place: str) -> None:
    """Settings and decorator name the start method; the decorator is nearer, and the option nearest."""
    other = "spawn" if method == "fork" else "fork"
    (project / "mag.toml").write_text(f'start_method = "{method if place == "settings" else other}"\n')
    app = "import sys\nimport mag\n@mag.main({})\ndef train(config):\n    return sys.orig_argv"
    (project / "train.py").write_text(app.format(f"start_method='{method}'" if place == "decorator" else ""))
    mag("run", "+k=1")

    command = " ".join(read("1").results["result"])
    assert ("mag.run.spawning" in command) == (method == "spawn")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["--start-method", "thread"], "'thread' is not one of 'fork', 'spawn'"),
        (["decorator"], "must be 'fork' or 'spawn'"),
        (["settings"], "must be 'fork' or 'spawn'"),
    ],
)
def test_an_unknown_start_method(project: Path, mag: Mag, command: list[str], said: str) -> None:
    """It is named with those that there are, and nothing is started."""
    if command == ["decorator"]:
        (project / "train.py").write_text("import mag\n@mag.main(start_method='thread')\ndef train(config): ...\n")
    if command == ["settings"]:
        (project / "mag.toml").write_text("start_method = 'thread'\n")
    done = mag("run", *[word for word in command if word.startswith("--") or word == "thread"])

    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert not (project / "experiments").exists()


SCRIPT = """\
import pickle, sys, threading
import mag

class Net:
    pass

scale = 10

def times(number):
    return number * scale

def train(config):
    return len(pickle.dumps(Net())) > 0 and times(config.k)

if "threads" in sys.argv:
    threading.Thread(target=threading.Event().wait, daemon=True).start()
print(mag.sweep(train, ["+k=1,2"], jobs=2, start_method="spawn" if "spawn" in sys.argv else None))
lock = threading.Lock()
try:
    mag.sweep(lambda config: lock, ["+k=3"], jobs=2, start_method="spawn")
except mag.MagError as error:
    print(error)
"""


@pytest.mark.parametrize("how", ["", "spawn", "threads"])
def test_functions_of_scripts(project: Path, read: Read, how: str) -> None:
    """A function without an import name goes to fresh interpreters as a whole; one that cannot is told the way out."""
    (project / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py", how], capture_output=True, text=True, timeout=60, check=False)

    assert "completed=2" in done.stdout, done.stderr
    assert [read(k).results["result"] for k in "12"] == [10, 20]
    assert "cannot be given to a fresh interpreter (cannot pickle '_thread.lock' object): define it in" in done.stdout


@pytest.mark.parametrize(("body", "said"), [("1 / 0", "ZeroDivisionError"), ("os._exit(3)", "os._exit at import")])
def test_an_import_that_fails(project: Path, mag: Mag, body: str, said: str) -> None:
    """As with forks: nothing is started."""
    (project / "train.py").write_text(f"import os\nimport mag\n{body}\n@mag.main()\ndef train(config): ...\n")
    done = mag("sweep", "+k=1,2", "--start-method", "spawn")

    assert (done.returncode != 0, said in done.stderr) == (True, True), done.stderr
    assert not list(project.glob("experiments/*/log"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_import_that_hangs(project: Path, number: int) -> None:
    """Whoever stops the command is not kept waiting, and nothing is left running."""
    (project / "train.py").write_text(
        "import os, time\nimport mag\nopen('here', 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
        "@mag.main(start_method='spawn')\ndef train(config): ...\n"
    )
    with subprocess.Popen([sys.executable, "-m", "mag", "sweep", "+k=1"], stderr=subprocess.DEVNULL) as runner:
        deadline = time.monotonic() + 20
        while not ((project / "here").exists() and (project / "here").read_text()) and time.monotonic() < deadline:
            time.sleep(0.02)
        runner.send_signal(number)
        assert runner.wait(timeout=10) == 128 + number

    pid = int((project / "here").read_text())
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{pid}").exists()


def test_the_import_takes_its_own_time(project: Path, mag: Mag, read: Read) -> None:
    """A time limit is the experiment's; the import before it is none of its time."""
    (project / "train.py").write_text(
        "import time\nimport mag\ntime.sleep(0.6)\n@mag.main(start_method='spawn')\ndef train(config):\n"
        "    time.sleep(0.5 if config.k == 1 else 60)\n"
    )
    mag("sweep", "+k=1,2", "-j", "1", "--timeout", "0.9s")

    assert (read("1").status, read("2").status) == ("completed", "timeout")
    assert 0.4 < (read("1").seconds or 0) < 0.9
