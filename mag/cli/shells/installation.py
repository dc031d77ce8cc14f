"""Installation: where each shell looks for completions, and what is still for the user to do."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from mag.errors import ExistsError, UsageError
from mag.record.files import write_file

SHELLS = ("bash", "zsh", "fish")

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
    """Return the script that a shell reads.

    Args:
        shell: One of `SHELLS`.
    """
    return Path(__file__).with_name(f"mag.{shell}").read_text(encoding="utf-8")


def find_place(shell: str) -> Path:
    """Return the file in which a shell looks for the completion of mag, as the environment says.

    Args:
        shell: One of `SHELLS`.
    """
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

    Args:
        shell: One of `SHELLS`.

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
