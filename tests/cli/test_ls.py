"""The laws of `mag ls`."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mag.record.paths import ExperimentPaths

Run = Callable[..., Any]
Write = Callable[..., ExperimentPaths]
OnTerminal = Callable[..., tuple[int, str]]


@pytest.mark.usefixtures("three")
def test_a_pipe_gets_plain_columns(run: Run) -> None:
    """Name, status, the config keys that differ, results, seconds and started; tabs between, nothing cut."""
    status, out, err = run("ls")
    lines = [line.split("\t") for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert lines[0] == ["name", "status", "C", "accuracy", "loss", "seconds", "started"]
    assert [line[:6] for line in lines[1:]] == [
        ["1|0", "completed", "1", "0.5", "nan", "1.25"],
        ["2|0", "failed", "2", "", "", "1.25"],
        ["10|0", "completed", "10", "0.9", "0.25", "1.25"],
    ]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["C=1,10"], ["1|0", "10|0"]),
        (["status=failed"], ["2|0"]),
        (["accuracy>0.4", "C<10"], ["1|0"]),
        (["--sort", "-accuracy"], ["10|0", "1|0", "2|0"]),
        (["--sort", "loss", "--limit", "1"], ["10|0"]),
        (["--sort", "status", "--sort", "-C"], ["10|0", "1|0", "2|0"]),
        (["--sort", "status,-C"], ["10|0", "1|0", "2|0"]),
        (["--limit", "0"], []),
        (["dirty=true", "commit=5555", "C=2"], ["2|0"]),
        (["error=ValueError"], ["2|0"]),
    ],
)
@pytest.mark.usefixtures("three")
def test_names_alone(run: Run, arguments: list[str], names: list[str]) -> None:
    """-q prints the names of what filters, order and limit leave, one a line."""
    assert run("ls", "-q", *arguments) == (0, "".join(f"{name}\n" for name in names), "")


@pytest.mark.usefixtures("three")
def test_chosen_columns(run: Run) -> None:
    """--columns shows what was asked for, in that order, results in full."""
    assert run("ls", "--columns", "loss, C,error", "C=1,2").out == "loss\tC\terror\nnan\t1\t\n\t2\tValueError\n"


@pytest.mark.usefixtures("three")
def test_json_is_valid_and_of_stable_shape(run: Run) -> None:
    """--json is a list of objects that all have the same keys; NaN is a string."""
    listed = json.loads(run("ls", "--json").out)
    assert [one["name"] for one in listed] == ["1|0", "2|0", "10|0"]
    assert listed[0]["results"] == {"accuracy": 0.5, "loss": "nan"}
    assert listed[0]["config"] == {"C": 1, "kernel": "rbf", "seed": 0}
    assert len({tuple(one) for one in listed}) == 1


@pytest.mark.usefixtures("three")
def test_nothing_matches(run: Run) -> None:
    """A filter that nothing meets is no failure: no data, a note, status 0."""
    assert run("ls", "C=77") == (0, "", "mag: none of the 3 experiments in experiments matches C=77\n")
    assert run("ls", "C=77", "--json").out == "[]\n"


def test_an_empty_store(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are no experiments yet, no filter or key is wrong."""
    monkeypatch.chdir(tmp_path)
    status, out, err = run("ls", "accuracy>0.9", "--sort", "accuracy", "--columns", "accuracy")
    assert (status, out) == (0, "")
    assert "no experiments in experiments yet" in err


@pytest.mark.parametrize("arguments", [["acuracy>0.9"], ["--sort", "acuracy"], ["--columns", "name,acuracy"]])
@pytest.mark.usefixtures("three")
def test_an_unknown_key_is_refused(run: Run, arguments: list[str]) -> None:
    """A misspelt key ends with status 2 and the nearest one, and prints no data."""
    status, out, err = run("ls", *arguments)
    assert (status, out) == (2, "")
    assert err == "mag: No experiment has a key 'acuracy': did you mean 'accuracy'?\n"


@pytest.mark.usefixtures("three")
def test_one_way_to_show_at_a_time(run: Run) -> None:
    """Formats and -q exclude each other."""
    for words in (["--json", "-q"], ["--csv", "--markdown"], ["--columns", "C", "-q"]):
        assert run("ls", *words).status == 2


@pytest.mark.parametrize("command", ["ls", "summarize"])
@pytest.mark.usefixtures("three")
def test_tables_in_other_formats(run: Run, command: str) -> None:
    """The options of tables are the same, and mean the same, wherever there is one."""
    words = (command, "C=1,10", "--sort", "-accuracy", "--columns", "C,accuracy")
    assert run(*words, "--csv").out == "C,accuracy\n10,0.9\n1,0.5\n"
    assert run(*words, "--markdown", "--limit", "1").out == "| C | accuracy |\n| ---: | ---: |\n| 10 | 0.9 |\n"
    assert json.loads(run(*words, "--json").out) == [{"C": 10, "accuracy": 0.9}, {"C": 1, "accuracy": 0.5}]
    assert run(*words).out == "C\taccuracy\n10\t0.9\n1\t0.5\n"


@pytest.mark.parametrize("torn", [b"{", b"[]", b'{"version": 1}', b"\xff", b"[" * 100_000, b'{"version": 9}'])
@pytest.mark.usefixtures("three")
def test_a_corrupt_record_costs_one_row(run: Run, torn: bytes) -> None:
    """The others are listed, the corrupt one is one row, and the note says why."""
    Path("experiments", "1|0", ".mag", "record.json").write_bytes(torn)
    status, out, err = run("ls", "--columns", "name,status")
    assert status == 0
    assert out == "name\tstatus\n2|0\tfailed\n10|0\tcompleted\n1|0\tcorrupt\n"
    assert err.startswith("mag: 1|0 is corrupt. Cannot read experiments/1|0/.mag/record.json: ")
    assert len({frozenset(one) for one in json.loads(run("ls", "--json").out)}) == 1


def test_lost_experiments_are_told(run: Run, write: Write) -> None:
    """An experiment that says running, and that nobody runs, is lost."""
    write("1", {"C": 1}, status="running")
    assert run("ls", "--columns", "status").out == "status\nlost\n"


def test_control_characters_never_reach_the_output(run: Run, write: Write) -> None:
    """Names, keys and values that hold control characters are spelled out, in text and in JSON."""
    nasty = "\x1b]0;x\x07\u202e\n"
    write(f"a{nasty}", {f"key{nasty}": f"v{nasty}", "C": 1}, results={f"r{nasty}": [nasty]})
    write("b", {"C": 2})
    for arguments in ([], ["-q"], ["--json"], ["--columns", "C,name"]):
        out = run("ls", *arguments).out
        assert not set(out) & set("\x1b\x07\u202e")
        assert len(out.splitlines()) <= 4
    assert "a\\x1b]0;x\\x07\\u202e\\n" in run("ls", "-q").out


def test_another_store(run: Run, write: Write, tmp_path: Path) -> None:
    """--dir looks elsewhere; a directory that is not there is not found."""
    write("1", {"C": 1}, root=tmp_path / "elsewhere")
    assert run("ls", "-q", "--dir", "elsewhere").out == "1\n"
    assert run("ls", "--dir", "nowhere").status == 4


def test_the_store_of_the_project(run: Run, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any folder of a project, its experiments are meant."""
    write("1", {"C": 1}, root="runs")
    Path("mag.toml").write_text('app = "train.py"\nexperiments_dir = "runs"\n')
    (tmp_path / "notes").mkdir()
    monkeypatch.chdir(tmp_path / "notes")
    assert run("ls", "-q").out == "1\n"


@pytest.mark.usefixtures("three")
def test_a_terminal_gets_what_fits(on_terminal: OnTerminal) -> None:
    """On a terminal lines fit into the width, and statuses have colours, unless NO_COLOR asks for none."""
    status, shown = on_terminal("ls", width=44)
    assert status == 0
    assert "\x1b[31mfailed" in shown
    _, plain = on_terminal("ls", width=44, NO_COLOR="1")
    assert max(map(len, plain.splitlines())) <= 44
    assert plain.splitlines()[0].split() == ["name", "status", "C", "accuracy", "loss"]
    assert "\x1b" not in plain


@pytest.mark.usefixtures("three")
def test_looking_loads_nothing_heavy() -> None:
    """No inspection command imports omegaconf, git, joblib, rich or the app."""
    Path("train.py").write_text("raise SystemExit('imported')\n")
    Path("mag.toml").write_text('app = "train.py"\n')
    code = (
        "import sys; from mag.cli.program import run_program as run\n"
        "for words in (['ls'], ['show', '1|0'], ['log', '2|0'], ['path', '1|0'], ['summarize', '--by', 'C']):\n"
        "    assert run(words) == 0, words\n"
        "loaded = {'omegaconf', 'git', 'joblib', 'rich', 'asyncio', 'train', 'numpy', 'pandas'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr


def test_nobody_reads(write: Write) -> None:
    """`mag ls | head -1` ends quietly."""
    for number in range(300):
        write(str(number), {"C": number, "text": "x" * 500})
    command = f"set -o pipefail; {sys.executable} -m mag ls --json | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[", "")


def test_any_locale_will_do(write: Write) -> None:
    """Output is UTF-8, whatever the locale says."""
    write("é", {"C": "日本"})
    command = [sys.executable, "-m", "mag", "ls", "--columns", "name,C"]
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(command, capture_output=True, check=True, env=environment)
    assert done.stdout.decode() == "name\tC\né\t日本\n"


@pytest.mark.usefixtures("three")
def test_what_people_added_is_a_column(run: Run) -> None:
    """Tags and notes stand in the table where there are any, are filtered by, and are data for --json."""
    run("tag", "1|0", "+paper", "+old")
    run("note", "10|0", "lr too high")
    lines = [line.split("\t") for line in run("ls").out.splitlines()]
    assert lines[0][5:7] == ["tag", "note"]
    assert [line[5:7] for line in lines[1:]] == [["old, paper", ""], ["", ""], ["", "lr too high"]]
    assert run("ls", "-q", "tag=paper").out == run("ls", "-q", "tag=pap* and tag=old").out == "1|0\n"
    assert json.loads(run("ls", "note=*high", "--json").out)[0]["note"] == "lr too high"
