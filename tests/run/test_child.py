"""Laws of the child process: its log, its surroundings, its results."""

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
        f"import os, sys, ctypes, subprocess, random\nimport mag\n\n@mag.main()\n"
        f"def train(config, experiment):\n{lines}\n"
    )


def test_log_is_byte_exact_and_in_order(project: Path, mag: Mag) -> None:
    """Python, C and child processes write into one log, every byte of it, in the order in which they wrote."""
    write_app(
        project,
        'print("one")\nctypes.CDLL(None).puts(b"two")\nctypes.CDLL(None).fflush(None)\nos.system("echo three >&2")\n'
        'sys.stderr.write("four\\n")\nos.write(1, bytes(range(256)))\nprint("\\u00e9", end="")',
    )
    mag("sweep", "+k=1")

    log = (project / "experiments" / "1" / "log").read_bytes()
    assert log == b"one\ntwo\nthree\nfour\n" + bytes(range(256)) + "é".encode()


def test_output_before_a_kill_is_kept(project: Path, mag: Mag) -> None:
    """What was printed before a SIGKILL is in the log."""
    write_app(project, 'print("last words")\nos.kill(os.getpid(), 9)')
    mag("sweep", "+k=1")

    assert (project / "experiments" / "1" / "log").read_text() == "last words\n"


def test_surroundings(project: Path, mag: Mag) -> None:
    """An experiment runs in the user's directory, in a session of its own, and is told where its files go."""
    write_app(
        project,
        'return [os.getcwd(), os.getsid(0) == os.getpid(), os.environ["MAG_EXPERIMENT_DIR"], '
        'os.environ["MAG_IDENTIFIER"]]',
    )
    mag("sweep", "+k=1")

    results = json.loads((project / "experiments" / "1" / "results.json").read_text())
    assert results == {"result": [str(project), True, str(project / "experiments" / "1"), "1"]}


def test_chdir_setting(project: Path, mag: Mag) -> None:
    """With `chdir` an experiment starts in its own directory."""
    (project / "mag.toml").write_text("chdir = true\n")
    write_app(project, "return os.getcwd()")
    mag("sweep", "+k=1")

    results = json.loads((project / "experiments" / "1" / "results.json").read_text())
    assert results == {"result": str(project / "experiments" / "1")}


def test_nothing_leaks_from_one_experiment_into_the_next(project: Path, mag: Mag, read: Read) -> None:
    """Directory, environment, modules and random state are fresh, though one process starts them all."""
    write_app(
        project,
        'before = [os.getcwd(), os.environ.get("LEAK"), getattr(mag, "leak", None)]\nos.chdir("/")\n'
        'os.environ["LEAK"] = "x"\nmag.leak = 1\nreturn {"before": before, "random": random.random()}',
    )
    mag("sweep", "+k=1,2,3", "-j", "1")

    results = [read(name).results for name in "123"]
    assert [result["before"] for result in results] == [[str(project), None, None]] * 3
    assert len({result["random"] for result in results}) == 3


@pytest.mark.parametrize(
    ("returned", "results"),
    [("{'a': 1, 'b': [1.5, None]}", {"a": 1, "b": [1.5, None]}), ("0.5", {"result": 0.5}), ("None", {})],
)
def test_what_is_returned_is_registered(project: Path, mag: Mag, read: Read, returned: str, results: object) -> None:
    """A mapping is registered by name, anything else as `result`, nothing as nothing."""
    write_app(project, f"return {returned}")
    mag("sweep", "+k=1")

    assert read("1").results == results


def test_odd_names_are_results(project: Path, mag: Mag, read: Read) -> None:
    """A file name that is no UTF-8 can be a result, a metric, and part of an error message."""
    write_app(
        project,
        'odd = os.fsdecode(b"x\\x80")\nexperiment.log_metrics(name=odd)\nexperiment.register_result("name", odd)\n'
        "raise FileNotFoundError(odd)",
    )
    done = mag("sweep", "+k=1")
    record = read("1")

    assert (record.status, record.results) == ("failed", {"name": "x\udc80"})
    assert record.error is not None
    assert (record.error["type"], record.error["message"]) == ("FileNotFoundError", "x\udc80")
    assert "FileNotFoundError: x\\x80" in done.stderr
    assert "Traceback" not in done.stderr
    assert mag("show", "1").returncode == 0


def test_exit_functions_run(project: Path, mag: Mag) -> None:
    """What the experiment registered to be done at exit is done, before it counts as completed."""
    write_app(project, 'import atexit\natexit.register(print, "bye")')
    mag("sweep", "+k=1")

    assert (project / "experiments" / "1" / "log").read_text() == "bye\n"


def test_record_of_a_run(project: Path, mag: Mag, read: Read) -> None:
    """The record tells command, app, overrides, directory, host, versions, times and cost."""
    mag("sweep", "C=2", "-j", "1")
    record = read("2|0.5")

    assert record.command == ("mag", "sweep", "C=2", "-j", "1")
    assert (record.app, record.overrides, record.directory) == ("train.py:train", ("C=2",), str(project))
    assert record.host["name"] == os.uname().nodename
    assert set(record.versions) >= {"mag", "python", "platform"}
    assert record.started is not None
    assert record.ended is not None
    assert record.started < record.ended
    assert record.exit["peak_memory_bytes"] > 1_000_000
    assert (record.commit["hash"], record.commit["reason"]) == (None, "not in a git repository")


FILL = """\
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
print("x" * 19_999)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_100, resource.RLIM_INFINITY))
"""


def test_what_was_printed_is_in_the_log_or_the_experiment_failed(project: Path, mag: Mag, read: Read) -> None:
    """Where the log takes no more, an experiment whose last words are lost is not called complete."""
    write_app(project, FILL + 'sys.stdout.write("y" * 5_000)')

    assert mag("sweep", "+k=1").returncode == 1
    assert "log: File too large." in (read("1").error or {})["message"]


def test_an_error_is_on_record_where_the_log_takes_no_more(project: Path, mag: Mag, read: Read) -> None:
    """The verdict is the error itself, not that it could not be printed."""
    write_app(project, FILL + 'raise ValueError("z" * 5_000)')
    mag("sweep", "+k=1")

    assert (read("1").status, (read("1").error or {})["type"]) == ("failed", "ValueError")


def test_a_request_to_stop_is_never_too_early(project: Path, mag: Mag, read: Read) -> None:
    """What comes while the process is made is held back, and interrupts the experiment before its first line."""
    (project / "train.py").write_text(
        "import os, signal\nimport mag\n\n"
        "def stop():\n"
        "    if 'MAG_IDENTIFIER' in os.environ:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n\n"
        "os.register_at_fork(after_in_child=stop)\n\n"
        "@mag.main()\ndef train(config):\n    print('began')\n"
    )
    mag("sweep", "+k=1")

    assert read("1").status == "interrupted"
    assert "began" not in (project / "experiments" / "1" / "log").read_text()


STATUS = "print(*[line for line in open('/proc/self/status') if line.startswith(('SigBlk', 'SigIgn'))], flush=True)"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc tells which signals are ignored")
def test_signals_are_as_in_any_python(project: Path, mag: Mag) -> None:
    """An experiment, and what it starts, ignores and holds back what a script would: SIGPIPE is an error, no end."""
    write_app(
        project,
        f"{STATUS}\nsubprocess.run([sys.executable, '-c', {STATUS!r}])\n"
        "subprocess.run(['true'], input=b'x' * 1_000_000)",
    )
    mag("sweep", "+k=1")

    plain = subprocess.run([sys.executable, "-c", STATUS], capture_output=True, text=True, check=True).stdout
    assert (project / "experiments" / "1" / "log").read_text() == plain * 2


def test_an_escaped_interpolation_is_a_text(project: Path, mag: Mag, read: Read) -> None:
    """As in Hydra; and when the experiment is run again from its record."""
    write_app(project, "return [config.b, config.c]")
    mag("sweep", "+a=1,2", "+b=${a}", r"+c=\${a}", "-j", "1")
    mag("rerun", "--here", "2|2|${a}")

    assert [read(name).results["result"] for name in ("1|1|${a}", "2|2|${a}")] == [[1, "${a}"], [2, "${a}"]]
    assert read("2|2|${a}/.mag/reruns/1").results["result"] == [2, "${a}"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGURG"])
def test_handlers_of_the_app_last(project: Path, mag: Mag, read: Read, name: str) -> None:
    """Those that it sets when it is imported; they are its experiments', and no other process's of mag's."""
    others = "(os.getppid(),) + " if name in {"SIGINT", "SIGHUP"} else ""  # the others ask a supervisor to stop
    (project / "train.py").write_text(
        f"import os, signal, sys\nimport mag\n\nsignal.signal(signal.{name}, lambda *_: (print('mine'), sys.exit(3)))\n"
        f"@mag.main()\ndef train(config):\n"
        f"    for pid in {others}(os.getpid(),):\n        os.kill(pid, signal.{name})\n    print('not ended')\n"
    )
    mag("sweep", "+k=1,2", "-j", "1")

    assert [(read(k).status, read(k).exit["code"]) for k in "12"] == [("failed", 3)] * 2
    assert (project / "experiments" / "2" / "log").read_text().startswith("mine\n")
