"""`mag completion`: Tab completion for bash, zsh and fish, and its installation."""

import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

import click

from mag.disk.files import write_file
from mag.errors import ExistsError, UsageError
from mag.patterns import compiling_lazily

HELP = """Set up Tab completion for SHELL: bash, zsh or fish.

\b
  mag completion bash --install           write it where bash looks for it
  source <(mag completion zsh)            try it in this shell

Tab then completes commands, options and their values, the app, keys (one step at a time), options of config groups,
values that the configs know, several of them after a comma, and names of experiments. It reads configs and records
and never imports your app; where the decorator computes its config path, nothing can be completed.

\b
  mag sweep mod<Tab>            model=  model.
  mag sweep model=svm,<Tab>     model=svm,forest  model=svm,logistic
  mag show 10<Tab>              10\\|0.01  10\\|0.1

`python app.py`, where app.py uses @mag.main, and `python -m mag` are completed in the same way, for programs named
python and python3; everything else after `python` is completed as before:

\b
  bash   once ~/.bashrc sources the script (--install says how)
  zsh    once the script is on fpath (--install says how)
  fish   once config.fish sources the script; fish takes a word right behind -m for a module: type --multirun

In zsh and fish quote a deletion, '~key': an unquoted ~ is the shell's own there. bash must be version 4 or newer.

Exit status: 0, or 2 if the script cannot be written.
"""


@click.command(help=HELP, short_help="Set up Tab completion.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="SHELL")
@click.option("--install", "wanted", is_flag=True, help="Write the script where the shell looks for it.")
@click.option("--answer", "line", hidden=True, help="Print what may follow this command line.")
@click.option("--breaks", default="", hidden=True, help="The value of COMP_WORDBREAKS in bash.")
def command(shell: str, wanted: bool, line: str | None, breaks: str) -> int:
    """Print the script, install it, or answer it."""
    if line is not None:
        return _answer(shell, line, breaks)

    if not wanted:
        click.echo(read_script(shell), nl=False)
        return 0
    installed = install(shell)
    click.echo(f"{'Wrote' if installed.changed else 'Up to date:'} {installed.path}")
    for advice in installed.advice:
        click.echo(advice, err=True)
    return 0


def _answer(shell: str, line: str, breaks: str) -> int:
    """Print what the shell's script asks for; exit status 1 tells it to leave the line to others."""
    gc.disable()  # what is loaded from here on stays, too
    try:
        with compiling_lazily():
            from mag.cli.shells.scripts import answer

            text = answer(shell, line, breaks)
    except Exception:  # noqa: BLE001  (whatever is wrong with configs or records, a Tab is no time to say so)
        text = ""
    click.echo((text or "").encode(errors="surrogateescape"), nl=False)
    return 1 if text is None else 0


_MARK = "Tab completion of mag"


@dataclass(frozen=True, slots=True)
class Installed:
    """A completion that has been installed.

    Attributes:
        path: The file.
        changed: Whether it was written; false where it was as it should be.
        advice: What the user should know or do, line by line.
    """

    path: Path
    changed: bool
    advice: tuple[str, ...]


def read_script(shell: str) -> str:
    """Return the script that a shell reads."""
    return (Path(__file__).parent / "shells" / f"mag.{shell}").read_text(encoding="utf-8")


def find_place(shell: str) -> Path:
    """Return the file in which a shell looks for the completion of mag, as the environment says."""
    if shell == "fish":
        return _find_folder("XDG_CONFIG_HOME", ".config") / "fish" / "completions" / "mag.fish"
    data = _find_folder("XDG_DATA_HOME", ".local/share")
    if shell == "zsh":
        return data / "zsh" / "site-functions" / "_mag"
    named = os.environ.get("BASH_COMPLETION_USER_DIR", "").partition(":")[0]
    return Path(named or data / "bash-completion", "completions", "mag")


def _find_folder(variable: str, usual: str) -> Path:
    named = os.environ.get(variable, "")
    return Path(named) if os.path.isabs(named) else Path.home() / usual


def install(shell: str) -> Installed:
    """Write the script where the shell looks for it; do nothing if it is there.

    Raises:
        ExistsError: Something else is there.
        RecordError: The file cannot be written.
        UsageError: Its folder cannot be made.
    """
    place, script = find_place(shell), read_script(shell)
    there = _read_present(place)
    if there is not None and _MARK not in there:
        raise ExistsError(f"{place} is there and is not mag's: move it away, then type the same command again.")
    if there != script:
        path = place.resolve()  # a link, as those who keep their settings under version control have, stays one
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"Cannot make the folder {path.parent}: {error.strerror}; `mag completion {shell}` prints the script, "
                f"for {shell} to read wherever it can."
            ) from error
        write_file(str(path), script.encode())
    return Installed(place, there != script, tuple(_advise(shell, place)))


def _read_present(place: Path) -> str | None:
    try:
        return place.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"Cannot read {place}: {error.strerror}; move it away and type the same again.") from error


def _advise(shell: str, place: Path) -> Iterator[str]:
    """Yield what is left to do, which the shell's own settings tell."""
    settings, sign = {
        "bash": (Path.home() / ".bashrc", "completions/mag"),
        "zsh": (Path(os.environ.get("ZDOTDIR") or Path.home(), ".zshrc"), "zsh/site-functions"),
        "fish": (place.parent.with_name("config.fish"), "completions/mag.fish"),
    }[shell]
    if _mentions(settings, sign):
        yield "New shells complete mag and `python app.py`."
    elif shell == "zsh":
        folder = _shorten(place.parent)
        yield f"New shells complete mag and `python app.py` once {folder} is on fpath before compinit: put these lines"
        yield f"into {_shorten(settings)}, in place of the compinit that is there, if any:"
        yield f"  fpath=({folder} $fpath)"
        yield "  autoload -Uz compinit && compinit"
    else:
        unless = " where the bash-completion package is set up; where it is not, and" if shell == "bash" else ";"
        yield f"New shells complete mag{unless} for `python app.py`, put this line into {_shorten(settings)}:"
        yield f"  source {_shorten(place)}"


def _mentions(settings: Path, sign: str) -> bool:
    try:
        return sign in settings.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def _shorten(path: Path) -> str:
    home = Path.home()
    return f"~/{quote(str(path.relative_to(home)))}" if path.is_relative_to(home) else quote(str(path))
