"""`mag init`: a minimal project to start from."""

import os
import shlex
import tomllib
from pathlib import Path

import click
import yaml

from mag.app.arguments import Arguments, read_arguments
from mag.cli.messages import say
from mag.cli.output import escape, write_lines
from mag.errors import UsageError

HELP = """Start a project: an app, configs with one group, and the setting that names the app.

\b
  mag init              in the current directory
  mag init study        in a new or existing one
  mag init --from fit.py     from a script of yours, with argparse or constants

From a script it writes the config that holds its values; one with argparse then runs as it is, `mag sweep lr=0.1,0.2`.
It shows how the script would become an app, and does not change it.

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
@click.option("--from", "script", metavar="FILE", help="Start from this script, which stays as it is.")
def command(directory: str, script: str | None) -> None:
    """Write what is not there yet, and say what to type next."""
    found = read_arguments(Path(script)) if script else None
    try:
        settings = _choose_settings(directory, _choose_app(found, script) if found and script else 'app = "train.py"')
        files = _draft(found, script) if found and script else FILES
        created, kept = _write_project(directory, files | settings)
    except OSError as error:
        raise UsageError(f"Cannot write {error.filename}: {error.strerror}; name another directory.") from None
    write_lines([*(f"created  {escape(name)}" for name in created), *(f"kept     {escape(name)}" for name in kept)])
    if found and script:
        write_lines(["", *map(escape, _show_app(found, script))])
    say(_advise_from(found) if found else _advise(directory, kept))


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _draft(found: Arguments, script: str) -> dict[str, str]:
    """Return the config that holds what a script is given."""
    lines = [f"# the values of {script}; what is ??? has to be given"]
    for each in found.known:
        lines += (
            yaml.safe_dump({each.key: each.default}, default_flow_style=None, width=1000).strip("{}\n").splitlines()
        )
    return {"configs/config.yaml": "\n".join(lines) + "\n"}


def _choose_app(found: Arguments, script: str) -> str:
    """Return the setting that says what runs: a script with argparse runs as it is."""
    return f"command = {_quote(found.write_command(script))}" if found.is_typed else f"app = {_quote(script)}"


def _show_app(found: Arguments, script: str) -> list[str]:
    """Return how the script would look as an app."""
    place = f"{script}, line {found.line}"
    name = found.name or "config"
    instead = "args = parser.parse_args()" if found.is_typed else f"{name} = {{...}}" if found.name else "the constants"
    lines = [
        "import mag",
        "",
        "",
        '@mag.main(config_path="configs", config_name="config")',
        f"def main({name}, experiment):    # instead of {instead}: {place}",
        f"    ...                          # what follows there; {name}.{found.known[0].key} is a value",
        '    return {"accuracy": accuracy}    # what it found',
    ]
    left = [each.key for each in found.known if found.is_typed and each.option is None]
    hint = [f"The command line leaves out {', '.join(left)}: a flag, a list or no value. An app has them all.", ""]
    return [*(hint if left else []), f"As an app, {script} would be:", "", *(f"    {line}".rstrip() for line in lines)]


def _advise_from(found: Arguments) -> str:
    if found.is_typed:
        first = next((each for each in found.known if each.option is not None), found.known[0])
        return (
            f"Next: mag sweep {first.key}=A,B; --result 'accuracy: ([0-9.]+)' takes a result out of what it prints "
            "(mag help programs)"
        )
    return "Next: mag config; it runs when it is an app, as above"


def _write_project(directory: str, files: dict[str, str]) -> tuple[list[str], list[str]]:
    """Write the files of a project and return those that are new, and those that were there."""
    created: list[str] = []
    kept: list[str] = []
    for name, text in files.items():
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


def _choose_settings(directory: str, line: str) -> dict[str, str]:
    """Return the file that names the app: a `mag.toml` only where a `pyproject.toml` is there that does not."""
    try:
        with open(os.path.join(directory, "pyproject.toml"), "rb") as file:
            known = "mag" in tomllib.load(file).get("tool", {})
    except FileNotFoundError:
        known = not os.path.exists(os.path.join(directory, "mag.toml"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"Cannot read {os.path.join(directory, 'pyproject.toml')}: {error}.") from None
    return {"pyproject.toml": f"[tool.mag]\n{line}\n"} if known else {"mag.toml": f"{line}\n"}


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
