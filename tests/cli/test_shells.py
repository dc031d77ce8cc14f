"""Tab completion in the shells themselves: each runs on a terminal of its own, and Tab is pressed in it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pyte
import pytest

import mag
from mag.record.paths import StorePaths
from mag.record.records import Record, write_record

APP = """\
import mag

raise SystemExit("imported")

@mag.main(config_path="configs", config_name="config")
def train(config): ...
"""
FILES = {
    "train.py": APP,
    "other.py": "print('other')\n",
    "configs/config.yaml": "defaults: [model: svm, _self_]\ngamma: 0.5\nfast: true\nname: a b\nurl: 'http://a:b'\n",
    "configs/model/svm.yaml": "C: 10\n",
    "configs/model/mlp.yaml": "width: 8\n",
    "broken/train.py": APP,
    "broken/configs/config.yaml": "a: [",
    "data/x.csv": "",
}
LINE, CLEAR = "\x14", "\x15\x0c"  # Ctrl-T writes the line to a file, Ctrl-U and Ctrl-L empty line and screen
BASH = """\
PS1='$ '
bind 'set bell-style none'
write() { printf %s "$READLINE_LINE" >line.new; mv line.new line; }
bind -x '"\\C-t": write'
"""
ZSH = """\
PS1='$ '
unsetopt beep
write() { print -rn -- $BUFFER >line.new; mv line.new line }
zle -N write
bindkey '^T' write
fpath=(~/.local/share/zsh/site-functions $fpath)
autoload -Uz compinit && compinit -u
"""
FISH = """\
function fish_prompt; echo '$ '; end
function write; commandline >line.new; mv line.new line; end
bind \\ct write
"""
SETTINGS = {"bash": (".bashrc", BASH), "zsh": (".zshrc", ZSH), "fish": (".config/fish/config.fish", FISH)}


class Terminal:
    """A shell on a terminal, with mag installed in its home as `mag completion --install` does and advises.

    Args:
        shell: The shell.
        home: Its home, in which the folder `project` is where it starts.
    """

    def __init__(self, shell: str, home: Path) -> None:
        self.line = home / "project" / "line"
        self._screen = pyte.Screen(120, 30)
        self._stream = pyte.Stream(self._screen)
        path = home / SETTINGS[shell][0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SETTINGS[shell][1])
        programs = _write_programs(home / "bin")
        environment = {"HOME": str(home), "PATH": f"{programs}:/usr/bin:/bin", "TERM": "xterm", "LANG": "C.UTF-8"}
        command = [str(programs / "mag"), "completion", shell, "--install"]
        installed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        if shell != "zsh":  # whose settings are there already, above
            path.write_text(SETTINGS[shell][1] + installed.stderr.splitlines()[-1])
        self._process = pexpect.spawn(
            shell, ["-i"], env=environment, cwd=str(home / "project"), dimensions=(30, 120), encoding="utf-8"
        )
        self.wait(lambda: self.show().endswith("$"))

    def press(self, keys: str) -> str:
        """Type on an empty line, `<Tab>` being the key, and return the line as it then is."""
        self.line.unlink(missing_ok=True)
        self._process.send(CLEAR + keys.replace("<Tab>", "\t") + LINE)
        self.wait(self.line.exists)
        return self.line.read_text().removesuffix("\n")

    def list(self, keys: str, *expected: str) -> str:
        """Type on an empty line, and return what is on the screen once all of the expected texts are there."""
        self._process.send(CLEAR + keys.replace("<Tab>", "\t"))
        self.wait(lambda: all(text in self.show() for text in expected))
        return self.show()

    def show(self) -> str:
        """Return what is on the screen."""
        return "\n".join(row.rstrip() for row in self._screen.display).rstrip()

    def wait(self, until: Callable[[], bool]) -> None:
        """Let the shell write to the screen until something is the case."""
        end = time.monotonic() + 20
        while not until():
            assert time.monotonic() < end, self.show()
            try:
                self._stream.feed(self._process.read_nonblocking(1 << 16, 0.02))
            except pexpect.TIMEOUT:
                continue

    def close(self) -> None:
        """End the shell."""
        self._process.close(force=True)


def _write_programs(folder: Path) -> Path:
    """Make `mag` and `python` be this interpreter's, wherever it is."""
    folder.mkdir()
    for name, arguments in (("mag", "-m mag "), ("python", "")):
        program = folder / name
        program.write_text(
            f'#!/bin/sh\nPYTHONPATH={Path(mag.__file__).parents[1]} exec {sys.executable} {arguments}"$@"\n'
        )
        program.chmod(0o755)
    return folder


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest) -> str:
    """Return the name of each shell; one that is not there is skipped, except where all must be."""
    name: str = request.param
    if shutil.which(name) is None:
        (pytest.fail if "CI" in os.environ else pytest.skip)(f"{name} is not installed")
    return name


@pytest.fixture(scope="module")
def terminal(shell: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """Return a shell in a project with an app, configs and two experiments."""
    home = tmp_path_factory.mktemp(shell)
    for name, text in FILES.items():
        path = home / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for number in ("0.5", "0.25"):
        paths = StorePaths(str(home / "project" / "experiments")).experiment(f"10|{number}")
        os.makedirs(paths.private)
        config = {"gamma": float(number)}
        record = Record(identity="0" * 64, identifier=f"10|{number}", status="completed", config=config)
        write_record(paths, record, durable=False)
    started = Terminal(shell, home)
    yield started
    started.close()


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("mag sw<Tab>", "mag sweep "),
        ("mag sweep --jo<Tab>", "mag sweep --jobs "),
        ("mag sweep tr<Tab>gam<Tab>", "mag sweep train.py gamma="),
        ("mag sweep mod<Tab>", "mag sweep model"),
        ("mag sweep model.<Tab>", "mag sweep model.C="),
        ("mag sweep model=s<Tab>", "mag sweep model=svm "),
        ("mag sweep model=svm,<Tab>", "mag sweep model=svm,mlp "),
        ("mag sweep model=mlp model.<Tab><Tab>", "mag sweep model=mlp model.width=8 "),
        ("mag sweep gamma=<Tab>", "mag sweep gamma=0.5 "),
        ("mag sweep name=<Tab>", "mag sweep name=a\\ b "),
        ("mag sweep 'name=<Tab>", "mag sweep 'name=a b' "),
        ("mag sweep 'gam<Tab>", "mag sweep 'gamma="),
        ("mag sweep url=<Tab>", "mag sweep url=http://a:b "),
        ("mag sweep ++gam<Tab>", "mag sweep ++gamma="),
        ("mag sweep '~gam<Tab>", "mag sweep '~gamma' "),
        ("mag sweep --dir ~/project/da<Tab>", "mag sweep --dir ~/project/data/"),
        ("mag sweep name=data/<Tab>", "mag sweep name=data/x.csv "),
        ("mag show 1<Tab>", "mag show 10\\|0."),
        ("mag show 10\\|0.2<Tab>", "mag show 10\\|0.25 "),
        ("mag show '10|0.2<Tab>", "mag show '10|0.25' "),
        ('mag show "10|0.2<Tab>', 'mag show "10|0.25" '),
        ("mag ls --sort -gam<Tab>", "mag ls --sort -gamma "),
        ("mag ls gamma=0.5,<Tab>", "mag ls gamma=0.5,0.25 "),
        ("python train.py gam<Tab>", "python train.py gamma="),
        ("python train.py --multirun model=svm,<Tab>", "python train.py --multirun model=svm,mlp "),
        ("python -m mag sw<Tab>", "python -m mag sweep "),
        ("python ot<Tab>", "python other.py "),
        ("python other.py da<Tab>", "python other.py data/"),
        ("true && X=1 mag sweep gam<Tab>", "true && X=1 mag sweep gamma="),
        ("~/bin/mag sweep gam<Tab>", "~/bin/mag sweep gamma="),
        ("mag sweep nothing<Tab>", "mag sweep nothing"),
    ],
)
def test_a_tab_completes_the_line(terminal: Terminal, keys: str, line: str) -> None:
    """A word is completed as the shell writes it, with a space behind it once it is whole, and only then."""
    assert terminal.press(keys) == line


@pytest.mark.parametrize(
    ("keys", "listed"),
    [
        ("mag sweep model<Tab><Tab>", ["model=", "model."]),
        ("mag sweep model=<Tab><Tab>", ["mlp", "svm"]),
        ("mag sweep fast=<Tab><Tab>", ["true", "false"]),
        ("mag <Tab><Tab>", ["run", "sweep", "completion"]),
        ("mag show 10\\|0.<Tab><Tab>", ["0.25", "0.5"]),
    ],
)
def test_several_candidates_are_listed(terminal: Terminal, keys: str, listed: list[str]) -> None:
    """Where there are several ways to go on, they are shown."""
    assert terminal.list(keys, *listed)


@pytest.mark.parametrize("line", ["cd broken", "cd /"])
def test_nothing_is_said_where_there_is_nothing_to_offer(terminal: Terminal, line: str) -> None:
    """With broken configs and without an app a Tab neither changes the line nor writes on the screen."""
    terminal.list(f"{line}\n", "$")
    keys = "mag sweep zz"
    try:
        shown = terminal.list(f"{keys}<Tab>y<Tab>x", f"{keys}yx")
    finally:
        terminal.list("cd ~/project\n", "$")

    assert shown == f"$ {keys}yx"


def test_bash_completes_python_as_before(tmp_path: Path) -> None:
    """What bash-completion would load for python is loaded and asked, where a line is not an app's."""
    script = f"""
        load() {{ [[ $1 == python ]] && complete -F before python && return 124; }}
        before() {{ COMPREPLY=("asked for $2"); }}
        complete -D -F load
        source {Path(mag.__file__).parent}/cli/shells/mag.bash
        COMP_WORDS=(python -c x) COMP_CWORD=2 COMP_LINE="python -c x" COMP_POINT=11
        for turn in 1 2; do _mag_python python x -c; echo "${{COMPREPLY[@]}}"; done
        complete -p python
    """
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)

    assert done.stdout.splitlines()[:2] == ["asked for x"] * 2
    assert done.stdout.splitlines()[2].endswith("-F _mag_python python")
