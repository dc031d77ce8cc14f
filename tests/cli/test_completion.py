"""`mag completion`: what a Tab offers, and how the shells are set up for it."""

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.cli.candidates.values import Candidate
from mag.cli.candidates.words import find_completer
from mag.cli.group import program
from mag.cli.pages import COMMANDS
from mag.cli.shells.scripts import format_candidates, read_line
from mag.record.store import Store

CONFIG = """\
defaults:
  - model: svm
  - _self_
C: 1
rate: 1.5
fast: true
sizes: [1, 2]
path: data/x.csv
api_key: hunter2
_seed: 0
"""
FILES = {
    "config.yaml": CONFIG,
    "model/svm.yaml": "defaults:\n  - kernel: rbf\nC: 10\nname: svm\n",
    "model/mlp.yaml": "width: 8\nname: mlp\n",
    "model/kernel/rbf.yaml": "degree: 3\n",
    "model/kernel/poly.yaml": "degree: 2\n",
    "db/my.yaml": "port: 1\n",
}
SHELLS = ["bash", "zsh", "fish"]
HOMES = {
    "bash": ".local/share/bash-completion/completions/mag",
    "zsh": ".local/share/zsh/site-functions/_mag",
    "fish": ".config/fish/completions/mag.fish",
}


@pytest.fixture
def workshop(project: Path) -> Path:
    """Return a project with config groups, an app that must not be imported, and some files."""
    for name, text in FILES.items():
        path = project / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (project / "train.py").write_text((project / "train.py").read_text() + "\nraise SystemExit('imported')\n")
    (project / "other.py").write_text("import os\n")
    (project / "data").mkdir()
    (project / "data" / "x.csv").touch()
    return project


@pytest.fixture
def offers(run: Callable[..., Any]) -> Callable[[str], list[str]]:
    """Return a function that presses Tab behind a command line, and returns the candidates."""

    def offer(line: str) -> list[str]:
        ending = run("completion", "fish", "--answer", line)
        assert (ending.status, ending.err) == (0, "")
        return [text.partition("\t")[0] for text in ending.out.splitlines()]

    return offer


@pytest.mark.usefixtures("workshop")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mag sw", ["sweep"]),
        ("mag sweep --dry", ["--dry-run"]),
        ("mag nonsense ", []),
        ("mag sweep tr", ["train.py"]),
        ("mag sweep train.py:", ["train.py:train"]),
        ("mag sweep other.py ", []),
        ("mag sweep mod", ["model=", "model/", "model."]),
        ("mag sweep train.py model.k", ["model.kernel."]),
        ("mag sweep model.kernel.", ["model.kernel.degree="]),
        ("mag sweep model/", ["model/kernel="]),
        ("mag sweep model/kernel=", ["model/kernel=poly", "model/kernel=rbf"]),
        ("mag sweep model=mlp model.", ["model.width=", "model.name="]),
        ("mag sweep model=mlp,svm model.w", ["model.width="]),
        ("mag sweep nonsense=( model=mlp nothing=1 model.w", ["model.width="]),
        ("mag sweep C=1 C", []),
        ("mag sweep model=", ["model=mlp", "model=svm"]),
        ("mag sweep model=svm,", ["model=svm,mlp"]),
        ("mag sweep 'model=choice(svm,", ["model=choice(svm,mlp"]),
        ("mag run model=svm,", []),
        ("mag config model=m", ["model=mlp"]),
        ("mag sweep rate=", ["rate=1.5"]),
        ("mag sweep C=1,", []),
        ("mag sweep fast=", ["fast=true", "fast=false"]),
        ("mag sweep fast=true,", ["fast=true,false"]),
        ("mag sweep sizes=[1", ["sizes=[1,2]"]),
        ("mag sweep path=data/", ["path=data/x.csv"]),
        ("mag sweep ++C=", ["++C=1"]),
        ("mag sweep +d", ["+db="]),
        ("mag sweep +db=", ["+db=my"]),
        ("mag sweep +model.", ["+model.kernel."]),
        ("mag sweep ~mod", ["~model", "~model/", "~model."]),
        ("mag sweep ~_s", ["~_seed"]),
        ("mag sweep api_key=", []),
        ("mag sweep --dir da", ["data/"]),
        ("mag sweep --dir=da", ["--dir=data/"]),
        ("mag sweep -j ", []),
        ("mag sweep -- --dry", []),
        ("mag completion f", ["fish"]),
        ("python train.py rat", ["rate="]),
        ("python -W error train.py -m model=mlp,s", ["model=mlp,svm"]),
        ("python train.py model=mlp,s", []),
        ("python3 ./train.py --mul", ["--multirun"]),
        ("X=1 .venv/bin/python3.11 -m mag sw", ["sweep"]),
    ],
)
def test_a_tab_offers_what_may_follow(offers: Callable[[str], list[str]], line: str, expected: list[str]) -> None:
    """Commands, options, apps, keys step by step, options and values, and nothing that would be refused."""
    assert offers(line) == expected


@pytest.mark.usefixtures("workshop")
def test_all_that_can_be_overridden_is_offered(offers: Callable[[str], list[str]]) -> None:
    """An empty word may become an app, a choice, or a key of the config, in the config's order."""
    keys = ["model=", "model/", "model.", "C=", "rate=", "fast=", "sizes=", "path=", "api_key=", "_seed="]

    assert offers("mag sweep ") == ["train.py", *keys]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("mag show 1", ["10|0", "1|0"]),
        ("mag log '10|", ["10|0"]),
        ("mag path 2\\|0 ", []),
        ("mag show experiments/2", ["experiments/2|0/"]),
        ("mag show --dir experiments 2", ["2|0"]),
        ("mag ls accu", ["accuracy="]),
        ("mag ls C=", ["C=10", "C=1", "C=2"]),
        ("mag ls C=1,", ["C=1,10", "C=1,2"]),
        ("mag ls status=comp", ["status=completed"]),
        ("mag ls nothing=", []),
        ("mag rerun '10|0' C=5 ", ["kernel=", "seed="]),
        ("mag rerun '10|0' kernel=", ["kernel=rbf"]),
        ("mag sweep --only 1", ["10|0", "1|0"]),
        ("mag sweep C=1,2 seed=1,2 --zip C,", ["C,seed"]),
        ("mag sweep --retry-on failed,t", ["failed,timeout"]),
        ("mag ls --sort -accu", ["-accuracy"]),
        ("mag ls --columns C,k", ["C,kernel"]),
        ("mag summarize --best l", ["loss"]),
        ("mag summarize --pivot accuracy ke", ["kernel"]),
    ],
)
def test_experiments_are_offered(offers: Callable[[str], list[str]], line: str, expected: list[str]) -> None:
    """Names, keys and values come from the records."""
    assert offers(line) == expected


@pytest.mark.parametrize("line", ["python other.py C", "python -c pass C", "python ", "python train.txt ", ""])
@pytest.mark.usefixtures("workshop")
def test_other_lines_are_left_to_others(run: Callable[..., Any], line: str) -> None:
    """Exit status 1, and no output, says that a line is not mag's."""
    assert run("completion", "bash", "--answer", line) == (1, "", "")


@pytest.mark.parametrize("broken", ["a: [", "defaults: [nothing]", "- 1", "\x00"])
@pytest.mark.parametrize("line", ["mag sweep C", "mag sweep model=", "mag ls C=", "python train.py C"])
def test_broken_configs_offer_nothing(run: Callable[..., Any], project: Path, broken: str, line: str) -> None:
    """A Tab is no time for error messages."""
    (project / "configs" / "config.yaml").write_text(broken)

    assert run("completion", "zsh", "--answer", line) == (0, "", "")


@pytest.mark.parametrize("settings", ["[nonsense", "nonsense = 1", "app = 'gone.py'", "app = 1"])
def test_broken_settings_offer_nothing(run: Callable[..., Any], project: Path, settings: str) -> None:
    """Neither do settings that cannot be read, or an app that is not there."""
    (project / "mag.toml").write_text(settings)

    assert run("completion", "zsh", "--answer", "mag sweep C") == (0, "", "")


def test_no_app_offers_nothing(run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is nothing to complete, nothing is said."""
    monkeypatch.chdir(tmp_path)

    assert run("completion", "fish", "--answer", "mag sweep ") == (0, "", "")


def test_a_computed_config_path_is_not_computed(offers: Callable[[str], list[str]], workshop: Path) -> None:
    """An app is never imported, not even where nothing else would tell where its configs are."""
    source = (workshop / "train.py").read_text()
    (workshop / "train.py").write_text(source.replace('"configs"', 'choose("configs")'))

    assert offers("mag sweep train.py C") == offers("mag sweep C") == []


def test_an_open_choice_is_offered(offers: Callable[[str], list[str]], workshop: Path) -> None:
    """Where a choice has yet to be made nothing composes; the groups are offered all the same."""
    (workshop / "configs" / "config.yaml").write_text("defaults:\n  - db: ???\n")

    assert offers("mag sweep d") == ["db="]
    assert offers("mag sweep db=my db.") == ["db.port="]


def test_one_of_several_apps_is_named_with_its_function(offers: Callable[[str], list[str]], workshop: Path) -> None:
    """A file with two apps is offered as two words, each of which a command understands."""
    (workshop / "two.py").write_text(
        "from mag import main\n@main()\ndef fit(c): ...\n@main('configs')\ndef eat(c): ...\n"
    )

    assert offers("mag sweep tw") == ["two.py:fit", "two.py:eat"]
    assert offers("mag sweep two.py:eat C") == ["C="]


def test_secrets_are_not_shown(run: Callable[..., Any], workshop: Path) -> None:
    """What looks like a secret is neither a value nor a help text."""
    assert workshop
    assert "hunter2" not in run("completion", "zsh", "--answer", "mag sweep ").out


@pytest.mark.parametrize("line", ["mag sweep mod", "python train.py C=", "mag show 1", "mag ls C=", "mag "])
@pytest.mark.usefixtures("workshop")
def test_a_tab_loads_nothing_heavy(line: str) -> None:
    """Neither the app nor omegaconf, git, joblib, rich or asyncio are imported, and `mag ` alone reads no YAML."""
    code = f"from mag.cli.shells.scripts import answer\nanswer('bash', {line!r})\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"omegaconf", "git", "joblib", "rich", "asyncio", "train", "sklearn"} | (
        {"yaml"} if line == "mag " else set()
    )

    assert not heavy & set(done.stdout.split())


@pytest.mark.usefixtures("workshop")
def test_a_tab_is_cheap() -> None:
    """A Tab costs at most 2.5 times the processor time of importing click and omegaconf, in pairs of runs."""
    tab = [sys.executable, "-m", "mag", "completion", "bash", "--answer", "mag sweep model=svm,"]
    floor = [sys.executable, "-c", "import click, omegaconf"]

    assert statistics.median(measure(tab) / measure(floor) for _ in range(5)) < 2.5


def measure(command: list[str]) -> float:
    """Return the processor time that a command takes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize("name", COMMANDS)
def test_every_argument_is_completed(name: str) -> None:
    """Each argument is called by a name that says how to complete it, or is of a type that does."""
    command = program.get_command(click.Context(program), name)
    assert command is not None
    arguments = [each for each in command.params if isinstance(each, click.Argument)]

    assert all(find_completer(each.metavar) or each.type != click.STRING for each in arguments)


TEXT = st.text().map(lambda text: "".join(character for character in text if character.isprintable()))


@given(st.text("ab=:@.,"), TEXT)
def test_what_bash_inserts_means_the_candidate(head: str, tail: str) -> None:
    """Behind what bash keeps of a word that has been begun, the text it inserts is read as the candidate."""
    line = read_line(f"mag {head}", breaks="=:@")
    inserted = format_candidates("bash", [Candidate(head + tail)], line).splitlines()[1]

    assert read_line(f"mag {head[: line.kept]}{inserted}").typed == head + tail


@given(st.text("ab=:@.| "), TEXT, st.sampled_from("'\""))
def test_what_bash_inserts_in_quotes_means_the_candidate(head: str, tail: str, mark: str) -> None:
    """So it is behind a quotation mark that is still open, where bash replaces all up to the mark."""
    line = read_line(f"mag {mark}{head}", breaks="=:@")
    inserted = format_candidates("bash", [Candidate(head + tail)], line).splitlines()[1]

    assert read_line(f"mag {mark}{inserted}{mark}").typed == head + tail


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed(run: Callable[..., Any], shell: str) -> None:
    """Without --install the script goes to standard output, for the shell to read."""
    ending = run("completion", shell)

    assert ending.status == 0
    assert f"completion {shell} --answer" in ending.out


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_installed(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    """It is written where the shell looks, which is told; the second time nothing is written."""
    _move_home(monkeypatch, tmp_path)
    first, again = run("completion", shell, "--install"), run("completion", shell, "--install")

    assert (first.out, again.out) == (f"Wrote {tmp_path / HOMES[shell]}\n", f"Up to date: {tmp_path / HOMES[shell]}\n")
    assert (tmp_path / HOMES[shell]).read_text() == run("completion", shell).out


def _move_home(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "BASH_COMPLETION_USER_DIR", "ZDOTDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))


@pytest.mark.parametrize("shell", SHELLS)
def test_folders_of_ones_own_are_respected(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    """XDG_DATA_HOME and XDG_CONFIG_HOME say where."""
    _move_home(monkeypatch, tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME" if shell == "fish" else "XDG_DATA_HOME", str(tmp_path / "own"))

    assert run("completion", shell, "--install").out.startswith(f"Wrote {tmp_path / 'own'}{os.sep}")
    assert not (tmp_path / HOMES[shell]).exists()


def test_what_is_not_mags_is_left_alone(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of that name from elsewhere is not overwritten; once it is moved away, as advised, all is well."""
    _move_home(monkeypatch, tmp_path)
    path = tmp_path / HOMES["fish"]
    path.parent.mkdir(parents=True)
    path.write_text("mine")

    assert run("completion", "fish", "--install").status == 2
    assert path.read_text() == "mine"
    path.rename(path.with_name("away"))
    assert run("completion", "fish", "--install").status == 0


def test_an_older_script_is_replaced_and_a_link_stays(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update writes through a link, as those have who keep their settings under version control."""
    _move_home(monkeypatch, tmp_path)
    path, real = tmp_path / HOMES["bash"], tmp_path / "real"
    path.parent.mkdir(parents=True)
    path.symlink_to(real)
    real.write_text("# Tab completion of mag, of an older version")

    assert run("completion", "bash", "--install").out.startswith("Wrote")
    assert path.is_symlink()
    assert "--answer" in real.read_text()


@pytest.mark.parametrize(
    ("shell", "settings"), [("bash", ".bashrc"), ("zsh", ".zshrc"), ("fish", ".config/fish/config.fish")]
)
def test_advice_ends_when_it_is_followed(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str, settings: str
) -> None:
    """The lines to add are told, and no longer once they are there."""
    _move_home(monkeypatch, tmp_path)
    advice = run("completion", shell, "--install").err
    path = tmp_path / settings
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line for line in advice.splitlines(keepends=True) if line.startswith("  ")))

    assert f"~/{settings}" in advice
    assert run("completion", shell, "--install").err == "New shells complete mag and `python app.py`.\n"


def test_a_folder_that_cannot_be_made_is_told(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence, exit status 2, no traceback."""
    _move_home(monkeypatch, tmp_path)
    (tmp_path / ".local").write_text("a file")
    ending = run("completion", "bash", "--install")

    assert ending.status == 2
    assert ".local" in ending.err


def test_spaces(project: Path) -> None:
    """`--space` is completed with the names of space files, the last of several, too."""
    from mag.cli.candidates.commands import list_candidates

    (project / "spaces").mkdir()
    for name in ("small", "large"):
        (project / "spaces" / f"{name}.yaml").write_text("grid: {C: [1]}")
    assert [each.value for each in list_candidates(["sweep", "--space"], "s")] == ["small"]
    assert [each.value for each in list_candidates(["sweep", "--space"], "small,l")] == ["small,large"]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(("length", "count"), [(3, 0), (4, 1), (64, 1)])
def test_an_identity_is_offered_once_it_is_long_enough(
    offers: Callable[[str], list[str]], length: int, count: int
) -> None:
    """Where no name begins so, four characters of an identity become the whole of it, and a look-up takes that."""
    identity = next(e.record.identity for e in Store("experiments") if e.record is not None and e.name == "2|0")

    assert offers(f"mag show {identity[:length]}") == [identity] * count
    assert Store("experiments").find(identity).name == "2|0"
