"""`mag init`: a minimal project to start from."""

import os
import shlex
import tomllib

import click

from mag.cli.messages import say
from mag.cli.output import escape, write_lines
from mag.errors import UsageError

HELP = """Start a project: an app, configs with one group, and the setting that names the app.

\b
  mag init              in the current directory
  mag init study        in a new or existing one

Nothing is overwritten: files that exist are kept, and listed.
"""

APP = '''\
"""What one experiment does. Replace it by your own: a function that takes a config and returns results."""

import mag


@mag.main(config_path="configs", config_name="config")
def train(config):
    """Fit one number by gradient descent, and say how far off it ended."""
    weight = 0.0
    for _ in range(config.steps):
        slope = 2 * (weight - config.model.target)
        weight -= config.lr * slope
    print(f"{config.model.name} with lr={config.lr} ended at {weight:.6f}")
    return {"loss": (weight - config.model.target) ** 2}


if __name__ == "__main__":
    train()
'''

CONFIG = """\
defaults:
  - model: small  # a file in model/; `model=large` on the command line chooses the other one
  - _self_

lr: 0.1
steps: 20
"""

FILES = {
    "train.py": APP,
    "configs/config.yaml": CONFIG,
    "configs/model/small.yaml": "name: small\ntarget: 1.0\n",
    "configs/model/large.yaml": "name: large\ntarget: 10.0\n",
}
"""The files of a new project, beside its settings."""

SWEEP = "mag sweep model=small,large lr=0.1,0.01"
"""What to type in a new project."""


@click.command(help=HELP, short_help="Start a project.")
@click.argument("directory", default=".", metavar="[DIR]")
def command(directory: str) -> None:
    """Write what is not there yet, and say what to type next."""
    try:
        created, kept = _write_project(directory)
    except OSError as error:
        raise UsageError(f"Cannot write {error.filename}: {error.strerror}; name another directory.") from None
    write_lines([*(f"created  {escape(name)}" for name in created), *(f"kept     {escape(name)}" for name in kept)])
    say(_advise(directory, kept))


def _write_project(directory: str) -> tuple[list[str], list[str]]:
    """Write the files of a project and return those that are new, and those that were there."""
    created: list[str] = []
    kept: list[str] = []
    for name, text in {**FILES, **_choose_settings(directory)}.items():
        path = os.path.join(directory, name)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        try:
            with open(path, "x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            kept.append(path)
        else:
            created.append(path)
    ignore = os.path.join(directory, ".gitignore")
    (created if _add_line(ignore, "experiments/") else kept).append(ignore)
    return [os.path.normpath(path) for path in created], [os.path.normpath(path) for path in kept]


def _choose_settings(directory: str) -> dict[str, str]:
    """Return the file that names the app: a `mag.toml` only where a `pyproject.toml` is there that does not."""
    line = 'app = "train.py"\n'
    try:
        with open(os.path.join(directory, "pyproject.toml"), "rb") as file:
            known = "mag" in tomllib.load(file).get("tool", {})
    except FileNotFoundError:
        known = not os.path.exists(os.path.join(directory, "mag.toml"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"Cannot read {os.path.join(directory, 'pyproject.toml')}: {error}.") from None
    return {"pyproject.toml": f"[tool.mag]\n{line}"} if known else {"mag.toml": line}


def _add_line(path: str, line: str) -> bool:
    """Add a line to a file unless it is there, and tell whether it was not."""
    text = ""
    if os.path.exists(path):
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
    if {line, f"/{line}", line.rstrip("/"), f"/{line.rstrip('/')}"} & set(text.split()):
        return False
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{'' if not text or text.endswith(chr(10)) else chr(10)}{line}\n")
    return True


def _advise(directory: str, kept: list[str]) -> str:
    change = "" if os.path.normpath(directory) == "." else f"cd {shlex.quote(os.path.normpath(directory))} && "
    if os.path.normpath(os.path.join(directory, "train.py")) not in kept:
        return f"Next: {change}{SWEEP}"
    with open(os.path.join(directory, "train.py"), "rb") as file:
        ready = b"mag.main" in file.read()
    if ready:
        return f"Next: {change}mag config"
    return (
        'train.py is your own, and not yet an app: put @mag.main(config_path="configs", config_name="config") above '
        f"its function of the config, and `import mag` at its top.\nNext: {change}mag config"
    )
