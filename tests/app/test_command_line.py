"""Laws of command lines as apps: a word stays a word, and what is wrong is told before anything starts."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mag.app.command_line import CommandLine, describe_command, name_results, read_command
from mag.errors import ProgramError, UsageError
from mag.record.store import Store

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,5}", fullmatch=True), TEXTS, min_size=1))
@example({"a": "$(touch x) `x` 'y' \"z\" \n {a} {{a}}"})
def test_a_word_is_exactly_the_value(config: dict[str, str]) -> None:
    """Whatever a text holds, it is one argument, as it is."""
    line = CommandLine(("program", *(f"{{{key}}}" for key in config)))

    assert line.fill(config, {}) == ["program", *config.values()]


@pytest.mark.parametrize(
    ("word", "filled"),
    [
        ("--lr={lr}", "--lr=0.1"),
        ("{model.layers}", "[8, 16]"),
        ("{model}", '{"layers": [8, 16], "k": null}'),
        ("{on}{model.k}", "truenull"),
        ("{{lr}}", "{lr}"),
        ("""{"lr": {lr}}""", """{"lr": 0.1}"""),
        ("{directory}/{seed}", "/here/7"),
        ("{}", "{}"),
    ],
)
def test_what_stands_in_braces(word: str, filled: str) -> None:
    """Keys of the config, also of parts of it, come before what mag provides; other braces are nobody's."""
    config = {"lr": 0.1, "model": {"layers": [8, 16], "k": None}, "on": True, "seed": 7}

    assert CommandLine((word,)).fill(config, {"directory": "/here", "seed": "1"}) == [filled]


@pytest.mark.parametrize(
    ("word", "config", "problem"),
    [
        ("{lrr}", {"lr": 1}, r"\{lrr\} in the command line is no key of the config: did you mean \{lr\}\?"),
        ("{print}", {}, r"\{\{print\}\} stands for the text itself"),
    ],
)
def test_what_cannot_be_filled_in(word: str, config: dict[str, Any], problem: str) -> None:
    """A key that is not there is told with the nearest, and with how to type what is no key."""
    with pytest.raises(UsageError, match=problem):
        CommandLine((word,)).check(config)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("accuracy: ([0-9.]+)", {1: "accuracy"}),
        (r"\bval loss\s*=\s*(\S+)", {1: "loss"}),
        ("(.*)", {1: "result"}),
        ("(?P<a>.)(?P<b>.)", {1: "a", 2: "b"}),
    ],
)
def test_names_of_results(pattern: str, names: dict[int, str]) -> None:
    """A result is called as its group, or as the word before it."""
    assert name_results(pattern) == names


@pytest.mark.parametrize("pattern", ["accuracy", "(", "(a)(b)"])
def test_patterns_that_find_nothing(pattern: str) -> None:
    """A pattern without a group, with several that have no names, or that is none is refused."""
    with pytest.raises(UsageError, match="--result"):
        name_results(pattern)


@given(st.lists(TEXTS, min_size=1), st.lists(TEXTS))
def test_a_record_names_the_whole_command_line(words: list[str], rest: list[str]) -> None:
    """The name of a command line, as it is recorded, is read back word by word."""
    words = ["/bin/true", *words, *rest]
    app = describe_command(words, ["a: (.*)"], Path("/"))

    if not any("***" in word for word in (read_command(app.name) or ([], []))[0]):  # masked
        assert read_command(app.name) == (words, ["a: (.*)"])


@pytest.mark.parametrize(
    ("words", "problem"), [(["./none"], "is not there"), ([], "Nothing follows"), (["./x"], "chmod")]
)
def test_programs_that_cannot_be_run(tmp_path: Path, words: list[str], problem: str) -> None:
    """A program that is not there, or may not be run, is told before anything starts."""
    (tmp_path / "x").write_text("")

    with pytest.raises(UsageError, match=problem):
        describe_command(words, [], tmp_path)


def call(folder: Path, code: str, *patterns: str) -> dict[str, Any]:
    """Run some Python as a program, in an experiment's directory, and return its results."""
    (folder / "log").write_text("accuracy: 0.25\naccuracy: 0.5\nname: x\n")
    line = CommandLine((sys.executable, "-c", code, "{lr}"), patterns)
    experiment = SimpleNamespace(directory=folder, identifier="1", identity="ab", seed=3)
    return line(OmegaConf.create({"lr": 0.1, "token": "hunter2"}), experiment)


def test_results(tmp_path: Path) -> None:
    """They are what the program writes, and the last of what is found in its log; numbers are numbers."""
    write = f"open({str(tmp_path / 'results.json')!r}, 'w').write('{{\"x\": [1]}}')"

    found = call(tmp_path, write, "accuracy: ([0-9.]+)", "name: (.*)")
    assert found == {"x": [1], "accuracy": 0.5, "name": "x"}
    assert call(tmp_path, f"open({str(tmp_path / 'results.json')!r}, 'w').write('[1]')") == {}


def test_the_config_in_a_file(tmp_path: Path) -> None:
    """MAG_CONFIG names a file that has all of the config, also where the experiment's own masks a part."""
    (tmp_path / "config.json").write_text('{"lr": 0.1, "token": "***"}')
    code = "import json, os, sys; sys.exit(json.load(open(os.environ['MAG_CONFIG']))['token'] != 'hunter2')"

    assert call(tmp_path, code) == {}
    assert os.environ.get("MAG_CONFIG") is None


@pytest.mark.parametrize(
    ("code", "signal", "problem"),
    [("exit(3)", None, "ended with exit status 3"), ("import os; os.kill(os.getpid(), 9)", 9, "was ended by SIGKILL")],
)
def test_failures(tmp_path: Path, code: str, signal: int | None, problem: str) -> None:
    """Another exit status than 0, or a signal, is a failure that says so."""
    with pytest.raises(ProgramError, match=problem) as caught:
        call(tmp_path, code)
    assert caught.value.signal == signal


SCRIPT = """\
#!/bin/sh
echo "accuracy: $1"
echo '{"out": "'$MAG_IDENTIFIER'"}' > "$MAG_EXPERIMENT_DIR/results.json"
"""


@pytest.fixture
def program(project: Path) -> Path:
    """Put a program beside the project's app, and no configs."""
    (project / "configs").rename(project / "kept")
    (project / "sim.sh").write_text(SCRIPT)
    (project / "sim.sh").chmod(0o755)
    return project


def mag(*words: str) -> subprocess.CompletedProcess[str]:
    """Run mag in the current directory."""
    return subprocess.run([sys.executable, "-m", "mag", *words], capture_output=True, text=True, check=False)


@pytest.mark.usefixtures("program")
def test_a_sweep_of_a_program(git: Any) -> None:
    """It has records, results and a code record as an app has, and is run again from them."""
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    done = mag("sweep", "lr=0.1,0.2", "-n", "--", "./sim.sh", "{lr}", "--result", "x")
    assert "mag: --result behind -- is an option of the program; type it before --" in done.stderr
    done = mag("sweep", "lr=0.1,0.2", "--result", "accuracy: ([0-9.]+)", "--", "./sim.sh", "{lr}")

    assert done.returncode == 0, done.stderr
    assert mag("ls", "--columns", "lr,accuracy,out", "--sort", "lr").stdout.splitlines()[1:] == [
        "0.1\t0.1\t0.1",
        "0.2\t0.2\t0.2",
    ]
    again = mag("rerun", "0.1")
    assert again.returncode == 0, again.stderr
    assert mag("rerun", "0.1", "lr=0.3").returncode == 0
    assert Store("experiments").find("experiments/0.2").record.overrides == ("lr=0.2",)  # type: ignore[union-attr]


@pytest.mark.usefixtures("program")
def test_the_project_names_a_command() -> None:
    """`command` is run where no app is named; another command line is told, another program refused."""
    Path("mag.toml").write_text("command = './sim.sh {lr}'\n")

    assert mag("run", "lr=1").returncode == 0
    assert mag("config", "lr=1").stdout == "lr: 1\n"
    assert "already ran another command line" in mag("run", "lr=1", "--", "./sim.sh", "{lr}", "-v").stderr
    refused = mag("run", "lr=1", "--", "/bin/true")
    assert (refused.returncode, "--dir true-experiments" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["lr=1", "--", "./sim.sh", "{rl}"], "{rl} in the command line is no key"),
        (["lr=1", "--result", "(.*)"], "goes with a program"),
        (["train.py", "--", "./sim.sh"], "leave one of them out"),
    ],
)
@pytest.mark.usefixtures("program")
def test_what_cannot_be_meant(words: list[str], problem: str) -> None:
    """It is refused before anything is written."""
    done = mag("run", *words)

    assert (done.returncode, problem in done.stderr) == (2, True), done.stderr
    assert not Path("experiments").exists()
