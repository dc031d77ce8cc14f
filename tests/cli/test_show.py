"""The laws of `mag show`."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mag.record.paths import ExperimentPaths

Run = Callable[..., Any]
Write = Callable[..., ExperimentPaths]
OnTerminal = Callable[..., tuple[int, str]]


@pytest.fixture
def retried(write: Write, tmp_path: Path) -> ExperimentPaths:
    """Return an experiment that failed twice, of which everything is known."""
    paths = write(
        "10",
        {"C": 10, "model": {"name": "svm", "sizes": [8, 16]}},
        log=b"start\r50%\r100%\nTraceback \x1b[31mof it\n",
        status="failed",
        results={"accuracy": 1 / 3, "per": {"a": 1}},
        attempt=2,
        overrides=("C=10", "name='a b'"),
        command=("mag", "sweep", "C=1,10", "name=a b"),
        app="train.py:train",
        sweep="s1",
        directory=str(tmp_path),
        commit={"hash": "5" * 40, "branch": "main", "dirty": True, "remote": "https://example.org/x.git"},
        host={"name": "box", "pid": 7},
        versions={"mag": "0.1.0", "python": "3.11"},
        started="2026-11-23T12:00:00+00:00",
        ended="2026-11-23T12:02:05+00:00",
        seconds=125.0,
        exit={"code": None, "signal": 11, "cpu_seconds": 0.5, "peak_memory_bytes": 2_000_000},
        error={"type": "ValueError", "message": "bad C\nreally", "where": "train.py:3 in train"},
    )
    earlier = Path(paths.attempt(1))
    earlier.mkdir(parents=True)
    error = {"type": "KeyError", "message": "lr"}
    (earlier / "record.json").write_text(json.dumps({"version": 1, "status": "failed", "seconds": 0.5, "error": error}))
    Path(paths.directory, "checkpoints").mkdir()
    return paths


@pytest.mark.usefixtures("retried")
def test_everything_is_told(run: Run) -> None:
    """Nothing that the record holds is left out."""
    status, out, _ = run("show", "10")
    assert status == 0
    for line in (
        "status    failed after 2 min 5 s, attempt 2",
        "ValueError: bad C",
        "really",
        "at train.py:3 in train",
        "Traceback \\x1b[31mof it",
        "accuracy  0.3333333333333333",
        "per.a     1",
        "C: 10",
        "  sizes:",
        "command    mag sweep C=1,10 'name=a b'",
        "app        train.py:train",
        f"commit     {'5' * 40} on main, with changes that are not committed",
        "remote     https://example.org/x.git",
        "host       box, process 7",
        "versions   mag 0.1.0, python 3.11",
        "took       2 min 5 s",
        "CPU        0.5 s",
        "memory     2 MB at most",
        "signal     11 (SIGSEGV)",
        "1  failed after 0.5 s, KeyError: lr",
        "checkpoints/",
        "log           36 bytes",
    ):
        assert f"  {line}\n" in out


@pytest.mark.usefixtures("retried")
def test_what_to_type_next_is_on_standard_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands that are recommended exist, and mean this experiment; the last one works from any directory."""
    out, err = run("show", "10")[1:]
    assert "Next" not in out
    commands = [line.removeprefix("Next: ").partition("  ")[0] for line in err.splitlines() if line]
    assert commands == ["mag log 10", 'cd "$(mag path 10)"', "mag sweep C=1,10 'name=a b'"]
    assert run(*shlex.split(commands[0])[1:]).status == 0
    monkeypatch.chdir("/")
    assert "&& mag sweep" in run("show", str(Path(out.split("path ")[1].split()[0]))).err


def test_a_command_that_holds_a_secret_is_not_recommended(run: Run, write: Write) -> None:
    """A masked command would not run, so nobody is told to type it."""
    write("1", {"C": 1}, status="failed", command=("mag", "run", "token=***"))
    assert "try again" not in run("show", "1").err


@pytest.mark.usefixtures("retried")
def test_json_holds_all(run: Run) -> None:
    """--json is what `mag ls --json` tells, and the attempts and files besides."""
    shown, (listed,) = json.loads(run("show", "10", "--json").out), json.loads(run("ls", "--json").out)
    assert {key: shown[key] for key in listed} == listed
    assert shown["config"]["model.sizes"] == [8, 16]
    assert [attempt["number"] for attempt in shown["attempts"]] == [1]
    assert {"name": "checkpoints/", "bytes": None} in shown["files"]


@pytest.mark.parametrize(
    ("commit", "words"),
    [
        ({"hash": None, "reason": "not in a git repository"}, "commit  none: not in a git repository"),
        ({"hash": "a1", "branch": None, "dirty": False}, "commit  a1\n"),
    ],
)
def test_the_commit_or_why_there_is_none(run: Run, write: Write, commit: dict[str, Any], words: str) -> None:
    """A missing commit is explained, a clean one stands alone."""
    write("1", {"C": 1}, commit=commit)
    assert words in run("show", "1").out


def test_a_bare_record_is_shown(run: Run, write: Write) -> None:
    """What is not known is left out, section by section."""
    write("1", {})
    assert "results" not in run("show", "1").out
    assert "None" not in run("show", "1").out


def test_a_corrupt_experiment_is_shown(run: Run, write: Write) -> None:
    """Why it is corrupt, and what files there are, can be seen."""
    paths = write("1", {"C": 1}, log=b"x")
    Path(paths.record).write_bytes(b"{")
    status, out, _ = run("show", "1")
    assert status == 0
    assert "problem  Cannot read experiments/1/.mag/record.json" in out
    assert "log  1 byte\n" in out


@pytest.mark.parametrize("reference", ["10", "experiments/10", "experiments/10/", "./experiments/10"])
@pytest.mark.usefixtures("retried")
def test_references(run: Run, reference: str) -> None:
    """An experiment answers to its name and its path."""
    assert run("show", reference).out.startswith("10\n")


def test_a_beginning_of_the_identity(run: Run, write: Write) -> None:
    """An experiment answers to four characters of its identity, if no other has them."""
    write("a", {"C": 1}, identity="ab12" + "0" * 60)
    write("b", {"C": 2}, identity="ab34" + "0" * 60)
    write("c", {"C": 3}, identity="ab345" + "0" * 59)
    assert run("show", "AB12").out.startswith("a\n")
    assert run("show", "ab3").status == 4
    assert run("show", "ab34")[::2] == (
        4,
        "mag: 'ab34' begins several identities ('b', 'c'): type more of it.\n",
    )


@pytest.mark.usefixtures("three")
def test_not_found(run: Run) -> None:
    """An unknown name ends with status 4 and those that are like it."""
    status, out, err = run("show", "10|1")
    assert (status, out) == (4, "")
    assert err.startswith("mag: No experiment '10|1' in experiments; there is '10|0'")
    assert run("show", "2|").err == "mag: No experiment '2|' in experiments; there is '2|0'.\n"


def test_control_characters_are_spelled_out(run: Run, write: Write) -> None:
    """Whatever a record holds, no control character but line ends is printed."""
    nasty = "\x1b]0;x\x07\u202e\n"
    paths = write(
        "1",
        {f"k{nasty}": f"v{nasty}", "list": [nasty]},
        results={nasty: nasty},
        status="failed",
        command=(nasty,),
        overrides=(nasty,),
        app=nasty,
        sweep=nasty,
        directory=nasty,
        started=nasty,
        host={"name": nasty, "pid": nasty},
        versions={nasty: nasty},
        commit={"hash": nasty, "branch": nasty, "remote": nasty},
        exit={"code": nasty, "signal": nasty, "cpu_seconds": nasty, "peak_memory_bytes": [nasty]},
        error={"type": nasty, "message": nasty, "where": nasty},
        log=nasty.encode(),
    )
    record = Path(paths.record)
    record.write_text(
        record.read_text().replace("\u202e", "\u202e\\udc80")
    )  # half a character, as only JSON can hold it
    for output in (*run("show", "1")[1:], run("show", "1", "--json").out):
        assert not set(output) & set("\x1b\x07\u202e\udc80")


@pytest.mark.usefixtures("three")
def test_on_a_terminal_the_status_has_a_colour(on_terminal: OnTerminal) -> None:
    """Titles are bold and the status is coloured."""
    status, shown = on_terminal("show", "2|0")
    assert status == 0
    assert "\x1b[31mfailed\x1b[0m after 1.25 s" in shown
    assert "\x1b" not in on_terminal("show", "2|0", NO_COLOR="1")[1]


def test_what_a_snapshot_is_and_leaves_out(write: Write, run: Run) -> None:
    """The commit that holds the code is shown, and what it does not hold."""
    omissions = [{"path": "data.bin", "reason": "larger than 10 MB"}]
    commit = {"hash": "1" * 40, "snapshot": "2" * 40, "not_captured": omissions, "changed": ["late.py"]}
    write("a", {"C": 1}, commit=commit)

    out = run("show", "a").out
    assert f"snapshot  {'2' * 40}" in out
    assert "left out  data.bin (larger than 10 MB)" in out
    assert "changed   late.py" in out
