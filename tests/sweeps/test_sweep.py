"""Laws of sweeps from programs: in processes of their own, or in this one for debugging."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pexpect
import pytest

import mag
from mag.errors import UsageError
from mag.record.records import Record

Read = Callable[[str], Record]
SESSION = """\
import mag, time
def train(config):
    print("C is", config.C)
    if config.C == 2: 1 / 0
    if config.C == 3: breakpoint()
    if config.C == 9: time.sleep(60)
    return config.C

"""


def compute() -> int:
    """Return what a test may replace."""
    return 1


def train(config: Any) -> int:
    """Be an experiment that tells where it runs."""
    print("C is", config.C)
    os.system("echo from below")
    if config.C == 2:
        raise ValueError("bad C")
    return compute() if config.C else os.getpid()


@pytest.fixture(autouse=True)
def folder(project: Path) -> Path:
    """Be in a folder of its own."""
    return project


@pytest.fixture
def session() -> Iterator["pexpect.spawn[str]"]:
    """Return an interactive Python that has defined a function."""
    child = pexpect.spawn(sys.executable, ["-q"], encoding="utf-8", timeout=30, env=os.environ | {"TERM": "dumb"})
    for line in SESSION.splitlines():
        child.expect_exact([">>> ", "... "])
        child.sendline(line)
    child.expect_exact(">>> ")
    yield child
    child.close(force=True)


def test_in_this_process(read: Read) -> None:
    """With n_jobs=1 the function runs here; otherwise in a process of its own."""
    report = mag.sweep(train, ["+C=0"], n_jobs=1)
    other = mag.sweep(train, ["+C=0"], jobs=1, force=True)

    assert report.last is not None
    assert other.last is not None
    assert report.last.results == {"result": os.getpid()}
    assert other.last.results != report.last.results
    assert read("0").status == "completed"


def test_what_a_test_replaces(monkeypatch: pytest.MonkeyPatch, read: Read) -> None:
    """What a test has replaced is used by experiments in its process."""
    monkeypatch.setitem(globals(), "compute", lambda: 7)
    mag.sweep(train, ["+C=1,3"], n_jobs=1)

    assert (read("1").results, read("3").results) == ({"result": 7}, {"result": 7})


def test_the_same_record(read: Read, capfd: pytest.CaptureFixture[str]) -> None:
    """Log, record and error are those that a process of its own would leave; output is shown once."""
    report = mag.sweep(train, ["+C=1,2"], n_jobs=1)
    shown = capfd.readouterr().out
    here, log = read("2"), Path("experiments/2/log").read_text()
    mag.sweep(train, ["+C=2"], jobs=1)
    there, other = read("2"), Path("experiments/2/log").read_text()

    assert (report.exit_code, report.counts["failed"]) == (1, 1)
    assert (here.status, here.error, here.identity, here.config) == (
        there.status,
        there.error,
        there.identity,
        there.config,
    )
    assert log.splitlines()[:2] == other.splitlines()[:2] == ["C is 2", "from below"]
    assert log.endswith("ValueError: bad C\n")
    assert other.endswith("ValueError: bad C\n")
    assert shown.count("C is 2\nfrom below\n") == 1


def test_the_process_stays_as_it_was(folder: Path) -> None:
    """Variables, directory, streams and the hook of breakpoints are what they were."""

    def wander(config: Any) -> None:
        assert os.environ["MAG_IDENTIFIER"] == str(config.C)
        os.environ["LEFT"] = "behind"
        os.chdir("/")

    before = sys.stdout, sys.stderr, sys.breakpointhook, dict(os.environ)
    assert mag.sweep(wander, ["+C=1,2"], n_jobs=1).exit_code == 0
    assert (sys.stdout, sys.stderr, sys.breakpointhook, dict(os.environ)) == before
    assert Path.cwd() == folder


def test_the_last_failure_is_kept_for_debuggers() -> None:
    """`pdb.pm()` and `%debug` find the frame of the function that failed."""
    mag.sweep(train, ["+C=2"], n_jobs=1)

    assert str(sys.last_value) == "bad C"
    assert sys.last_traceback is not None
    assert sys.last_traceback.tb_frame.f_code is train.__code__


def test_both_spellings() -> None:
    """Only one of `jobs` and `n_jobs` can be given; each alone works."""
    with pytest.raises(UsageError, match="leave one of them out"):
        mag.sweep(train, ["+C=1"], jobs=2, n_jobs=1)
    assert mag.sweep(train, ["+C=1,3"], n_jobs=2).counts["completed"] == 2


def test_a_report_is_short() -> None:
    """What a notebook shows of it is one line, however many experiments there are."""
    assert repr(mag.sweep(train, ["+C=range(5)"])) == "Report(exit_code=1, completed=4, failed=1)"


def test_from_a_session(session: "pexpect.spawn[str]", read: Read) -> None:
    """In an interactive session, breakpoints stop, failures can be looked at, and Ctrl-C ends the sweep."""
    session.sendline("report = mag.sweep(train, ['+C=1,2'], n_jobs=1)")
    session.expect_exact(["ZeroDivisionError"])
    session.expect_exact(">>> ")
    session.sendline("import pdb; pdb.pm()")
    session.expect_exact("(Pdb) ")
    session.sendline("p config.C + 40")
    session.expect_exact("42")
    session.sendline("q")
    session.expect_exact(">>> ")
    session.sendline("mag.sweep(train, ['+C=3'], n_jobs=1).exit_code")
    session.expect_exact("(Pdb) ")
    session.sendline("p config.C + 40")
    session.expect_exact("43")
    session.sendline("c")
    session.expect_exact("0\r\n>>> ")
    session.sendline("mag.sweep(train, ['+C=9,10'], n_jobs=1)")
    session.expect_exact("C is 9")
    session.sendintr()
    session.expect_exact("KeyboardInterrupt\r\n>>> ")

    assert [read(name).status for name in "1239"] == ["completed", "failed", "completed", "interrupted"]
    assert not Path("experiments/10").exists()


def test_leaving_the_debugger_at_a_breakpoint(session: "pexpect.spawn[str]", read: Read) -> None:
    """Who leaves the debugger at a breakpoint ends the sweep: the experiment is interrupted, the rest not started."""
    session.sendline("report = mag.sweep(train, ['+C=3,4'], n_jobs=1)")
    session.expect_exact("(Pdb) ")
    session.sendline("q")
    session.expect_exact(">>> ")
    session.sendline("report.counts['unstarted'] + 76")
    session.expect_exact("77")

    assert read("3").status == "interrupted"


def test_stopping_from_another_process(session: "pexpect.spawn[str]", read: Read, mag: Callable[..., Any]) -> None:
    """`mag stop` interrupts what runs in a session."""
    session.sendline("report = mag.sweep(train, ['+C=9,10'], n_jobs=1)")
    session.expect_exact("C is 9")
    while mag("stop").returncode:
        time.sleep(0.1)
    session.expect_exact(">>> ")

    assert read("9").status == "interrupted"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"overrides": "+C=1"}, r"write \['\+C=1'\]"),
        ({"jobs": 0}, "jobs=0 would run nothing"),
        ({"n_jobs": 0}, "n_jobs=0 would run nothing"),
        ({"jobs": -2}, "jobs=-2 would run nothing"),
        ({"jobs": 2, "n_jobs": 2}, "leave one of them out"),
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, Any], said: str) -> None:
    """Nothing is started."""
    with pytest.raises(UsageError, match=said):
        mag.sweep(train, **({"overrides": ["+C=1"]} | wrong))

    assert not Path("experiments").exists()


CALLER = """\
import os, tempfile, weakref
import mag

class Thing: pass

thing = Thing()
weakref.finalize(thing, print, "finalized", flush=True)
out = open("out", "w")
out.write("once ")
with tempfile.TemporaryDirectory() as folder:
    open(folder + "/data", "w").write("42")
    report = mag.sweep(lambda config: {"data": open(folder + "/data").read()}, ["+k=1,2,3"], n_jobs=-1)
    print(report.counts["completed"], os.path.exists(folder), flush=True)
out.close()
"""


STOPPED = """\
import os, signal, sys, time
import mag

def train(config):
    os.kill(int(config.pid), getattr(signal, config.name))
    time.sleep(60)

if sys.argv[2:]:
    signal.signal(signal.SIGTERM, lambda *_: print("handled"))
print(mag.sweep(train, [f"+pid={os.getpid()}", f"+name={sys.argv[1]}", "+k=1,2"], jobs=1).exit_code)
"""


@pytest.mark.parametrize(
    ("words", "code", "shown"),
    [
        (["SIGINT"], -signal.SIGINT, ""),
        (["SIGTERM"], -signal.SIGTERM, ""),
        (["SIGTERM", "own handler"], 0, "handled\n143\n"),
    ],
)
def test_a_signal_that_stops_a_sweep(project: Path, words: list[str], code: int, shown: str) -> None:
    """What runs is stopped and recorded, nothing more is started, and then the signal does what it does elsewhere."""
    (project / "script.py").write_text(STOPPED)
    command = [sys.executable, "script.py", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=project)

    assert (done.returncode, done.stdout) == (code, shown)
    assert [one.status for one in mag.Store(project / "experiments")] == ["interrupted"]


def test_an_interruption_in_a_thread_is_none_of_the_program() -> None:
    """What is raised in an experiment that runs in a thread ends the sweep there, and nothing else."""

    def stop(_config: Any) -> None:
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as pool:
        report = pool.submit(mag.sweep, stop, ["+k=1,2"], n_jobs=1).result()

    assert (report.counts["interrupted"], report.counts["unstarted"]) == (1, 1)


def test_what_the_caller_has_stays_its_own(project: Path) -> None:
    """No experiment finalizes what the program that calls has made, nor writes what that has not written yet."""
    (project / "script.py").write_text(CALLER)
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, check=True)

    assert done.stdout == "3 True\nfinalized\n"
    assert [(project / "experiments" / k / "log").read_text() for k in "123"] == ["", "", ""]
    assert (project / "out").read_text() == "once "


WORKERS = """\
import concurrent.futures, multiprocessing, os, signal, sys, time
import mag

def square(x):
    return x * x

def put(config):
    queue.put(config.k)
    return square(config.k)

context = multiprocessing.get_context("fork")
daemon = context.Process(target=time.sleep, args=(60,), daemon=True)
daemon.start()
pool, executor, queue = context.Pool(2), concurrent.futures.ProcessPoolExecutor(2, context), context.Queue()
queue.put(0)
print(pool.map(square, [1]), list(executor.map(square, [2])))
try:
    mag.sweep(put, ["+k=1,2,3"])
except mag.MagError as error:
    print(error, file=sys.stderr)
report = mag.sweep(put, ["+k=1,2,3"], start_method="fork")
print(report.counts["completed"], daemon.is_alive(), pool.map(square, [3]), list(executor.map(square, [4])))
print(sorted(queue.get(timeout=20) for _ in range(4)))
daemon.terminate()
pool.terminate()
"""


def test_workers_of_the_caller_live_on(project: Path) -> None:
    """Experiments end none of its processes; its queues go to forks, which have to be asked for."""
    (project / "script.py").write_text(WORKERS)
    done = subprocess.run(
        [sys.executable, "script.py"], capture_output=True, text=True, check=False, timeout=60, cwd=project
    )

    assert done.stdout == "[1] [4]\n3 True [9] [16]\n[0, 1, 2, 3]\n"
    assert "so its forks may hang. The function cannot be given to a fresh interpreter" in done.stderr
    assert "or say start_method='fork'" in done.stderr
    assert "Traceback" not in done.stderr


WRITERS = """\
import logging, threading
import mag

def write():
    while not done:
        out.write("x" * 100)
        out.flush()
        logger.warning("y" * 100)

done, out, logger = False, open("out", "w"), logging.getLogger("x")
logger.addHandler(logging.FileHandler("log"))
threads = [threading.Thread(target=write) for _ in range(2)]
for thread in threads:
    thread.start()
print([mag.sweep(lambda config: config.k, [f"+k={i},{i}1"]).exit_code for i in range(1, 4)])
done = True
"""


def test_files_that_threads_are_writing_to(project: Path) -> None:
    """Experiments do not wait for locks whose holders they do not have."""
    (project / "script.py").write_text(WRITERS)
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=project)

    assert done.stdout == "[0, 0, 0]\n"


def test_from_a_thread_of_a_pool() -> None:
    """Where the caller's thread is one that somebody waits for at exit, experiments do not wait for themselves."""
    with ThreadPoolExecutor(1) as pool:
        report = pool.submit(mag.sweep, train, ["+C=0,1"], jobs=2).result(timeout=60)

    assert report.counts["completed"] == 2


KILLED = """\
import multiprocessing, os, threading, time
import mag

def train(config):
    print(os.getppid(), flush=True)
    time.sleep(0.6)

def fork_and_die():
    while not os.path.exists("experiments/1/log") or not os.path.getsize("experiments/1/log"):
        time.sleep(0.01)
    worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    worker.start()
    with open("worker", "w") as file:
        file.write(str(worker.pid))
    os.kill(os.getpid(), 9)

threading.Thread(target=fork_and_die).start()
mag.sweep(train, ["+k=1"])
"""


def test_nothing_waits_for_what_the_caller_has_forked(project: Path) -> None:
    """Where it is killed, mag's processes end, although a fork of it lives on."""
    (project / "script.py").write_text(KILLED)
    subprocess.run([sys.executable, "script.py"], stdout=subprocess.DEVNULL, check=False, timeout=60, cwd=project)
    supervisor, worker = (int(Path(place).read_text()) for place in ("experiments/1/log", "worker"))
    try:
        deadline = time.monotonic() + 20
        while Path(f"/proc/{supervisor}").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert Path(f"/proc/{worker}").exists()
        assert not Path(f"/proc/{supervisor}").exists()
    finally:
        os.kill(worker, signal.SIGKILL)


def evaluate(config: Any) -> int:
    """Be another experiment."""
    return 2 * int(config.C)


def test_another_function_is_refused() -> None:
    """What one function has run is not done for another; the advice works."""
    mag.sweep(train, ["+C=1"])

    with pytest.raises(UsageError, match=r"was run by .*:train, not by .*:evaluate.*experiments_dir='.*-experiments'"):
        mag.sweep(evaluate, ["+C=1"])
    assert mag.sweep(evaluate, ["+C=1"], experiments_dir="others").results == {"1": {"result": 2}}


def test_an_edited_function_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """What is done ran with what the function was before: that is said, and how to run it again."""
    before, after = make("return 1"), make("return 2")
    mag.sweep(before, ["+C=1"])
    capfd.readouterr()

    assert mag.sweep(before, ["+C=1"]).results == {"1": {"result": 1}}
    assert "ran another" not in capfd.readouterr().err
    assert mag.sweep(after, ["+C=1"]).results == {"1": {"result": 1}}
    assert "1 of the 1 done already ran another work: force=True runs them again" in capfd.readouterr().err
    assert mag.sweep(after, ["+C=1"], force=True).results == {"1": {"result": 2}}


def make(body: str) -> Callable[..., Any]:
    """Return a function that no file holds, as a cell of a notebook defines it."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(f"def help(): {body}\ndef work(config): return help()", scope)
    return cast("Callable[..., Any]", scope["work"])


def test_a_report_has_the_results() -> None:
    """Those of all experiments that were asked for, of what was done before, too; as a table where pandas is there."""
    mag.sweep(evaluate, ["+C=1"])
    report = mag.sweep(evaluate, ["+C=1,3"])

    assert report.results == {"1": {"result": 2}, "3": {"result": 6}}
    pytest.importorskip("pandas")
    assert report.to_pandas().to_dict("index") == {
        "1": {"status": "completed", "C": 1, "result": 2},
        "3": {"status": "completed", "C": 3, "result": 6},
    }


def log(config: Any, experiment: mag.Experiment) -> dict[str, bool]:
    """Be an experiment that asks whether it should stop."""
    experiment.log_metrics(step=1, loss=config.C)
    return {"stopped": experiment.should_stop()}


def test_a_pruner_stops_the_worst() -> None:
    """The last of six, which is the worst, is pruned; in a program as on the command line."""
    pytest.importorskip("optuna")
    report = mag.sweep(log, ["+C=0,1,2,3,4,9"], n_jobs=1, pruner="median", metric="loss", direction="min")
    assert (report.exit_code, report.counts["completed"], report.counts["pruned"]) == (0, 5, 1)
    assert [name for name, results in report.results.items() if results["stopped"]] == ["9"]
    with pytest.raises(UsageError, match="compares a metric"):
        mag.sweep(log, ["+C=0"], n_jobs=1, pruner="median")
