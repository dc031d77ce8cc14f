"""Command lines as apps: `mag sweep lr=0.1,0.2 -- ./sim.sh --lr {lr} --out {directory}` runs any program.

A word of the command line stays one word, whatever value is put into it: no shell reads it.
"""

import contextlib
import dataclasses
import json
import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mag.app.definition import App
from mag.app.modules import Module
from mag.config.flat import flatten
from mag.config.secrets import MASK, mask_command
from mag.errors import ProgramError, UsageError
from mag.patterns import compile_lazily
from mag.suggestion import list_names, name_nearest

_PLACEHOLDER = compile_lazily(r"\{(\{[A-Za-z_][\w./@-]*\})\}|\{([A-Za-z_][\w./@-]*)\}")
_INTERPRETER = compile_lazily(r"(python|pypy)[\d.]*|bash|sh|zsh|perl|ruby|node|julia|Rscript|env")
_PROVIDED = ("directory", "identifier", "identity", "seed", "config")
"""What may stand in braces besides the keys of the config, which come first."""


@dataclasses.dataclass(frozen=True)
class CommandLine:
    """A program with its arguments, in which `{key}` stands for a value of the config.

    Attributes:
        words: The program and its arguments.
        patterns: Regular expressions whose groups are results, in what it prints.
        base: The directory that a program such as `./sim.sh` is relative to.
    """

    words: tuple[str, ...]
    patterns: tuple[str, ...] = ()
    base: str = ""

    def __call__(self, config: Any, experiment: Any) -> dict[str, Any]:
        """Run the program for one experiment; return the results that it wrote or printed.

        Raises:
            ProgramError: It ended with another exit status than 0.
        """
        from omegaconf import OmegaConf  # noqa: PLC0415 - start-up

        plain: Any = OmegaConf.to_container(config, resolve=True)
        with _lend_config(plain, experiment.directory / "config.json") as file:
            provided = {name: str(getattr(experiment, name)) for name in _PROVIDED if name != "config"}
            self._run(self.fill(plain, provided | {"config": file}), os.environ | {"MAG_CONFIG": file})
        return _read_results(experiment.directory / "results.json") | self._search(experiment.directory / "log")

    def fill(self, config: Mapping[Any, Any], provided: Mapping[str, str]) -> list[str]:
        """Return the words with values in the place of their keys.

        Raises:
            UsageError: A key is not there.

        >>> CommandLine(("sim", "--lr={lr}", "{{lr}}")).fill({"lr": 0.1}, {})
        ['sim', '--lr=0.1', '{lr}']
        """
        values = {**provided, **flatten(config)}

        def write(match: re.Match[str]) -> str:
            """Return the text that replaces one pair of braces."""
            if match[1]:
                return match[1]
            value = values[match[2]] if match[2] in values else _find_branch(config, match[2])
            if value is None and match[2] not in values:
                raise UsageError(_explain_missing(match[2], values))
            return _write_value(value)

        return [_PLACEHOLDER.sub(write, word) for word in self.words]

    def check(self, config: Mapping[Any, Any]) -> None:
        """Refuse a config that the program cannot be started with."""
        self.fill(config, dict.fromkeys(_PROVIDED, ""))

    def _run(self, words: list[str], variables: Mapping[str, str]) -> None:
        import subprocess  # noqa: PLC0415 - what only this needs, other experiments need not carry

        path = os.path.join(self.base, words[0]) if os.sep in words[0] else None
        try:
            process = subprocess.Popen(words, executable=path, env=variables)
        except OSError as error:
            raise ProgramError(f"{words[0]} cannot be started: {error.strerror}") from None
        try:
            code = process.wait()
        except BaseException:
            with contextlib.suppress(subprocess.TimeoutExpired):  # it was asked to end, too
                process.wait(timeout=60)
            raise
        if code < 0:
            raise ProgramError(f"{words[0]} was ended by {signal.Signals(-code).name}", -code)
        if code:
            raise ProgramError(f"{words[0]} ended with exit status {code}")

    def _search(self, log: Path) -> dict[str, Any]:
        """Return what the patterns find in a log; what was printed last counts."""
        if not self.patterns:
            return {}
        sys.stdout.flush()
        text = log.read_text(encoding="utf-8", errors="replace")
        found: dict[str, Any] = {}
        for pattern in self.patterns:
            names = name_results(pattern)
            for match in re.finditer(pattern, text, re.MULTILINE):
                found |= {name: _read_value(match[group]) for group, name in names.items() if match[group] is not None}
        return found


def describe_command(words: Sequence[str], patterns: Sequence[str], base: Path, secrets: Sequence[str] = ()) -> App:
    """Return a command line as an app, with the configs beside it, where there are any.

    Raises:
        UsageError: Its program is not there, or a pattern is none.
    """
    import shutil  # noqa: PLC0415 - see above

    if not words:
        raise UsageError("Nothing follows `--`: type the program to run there, as in mag sweep lr=1,2 -- ./sim {lr}.")
    for pattern in patterns:
        name_results(pattern)
    program = os.path.join(base, words[0]) if os.sep in words[0] else words[0]
    if not _PLACEHOLDER.search(words[0]) and shutil.which(program) is None:
        why = "is no program that can be run" if os.path.exists(program) else "is not there"
        hint = "chmod +x makes it one" if os.path.exists(program) else "type its path, as in ./sim.sh"
        raise UsageError(f"The program {words[0]!r} {why}: {hint}.")
    options = [part for pattern in patterns for part in ("--result", pattern)]
    name = shlex.join([*options, "--", *mask_command(words, secrets)])
    tree = base / "configs"
    file = base / os.path.basename(words[0])
    line = CommandLine(tuple(words), tuple(patterns), str(base))
    return App(name, Module(file, base), "", tree if (tree / "config.yaml").is_file() else None, "config", line)


def read_command(name: str) -> tuple[list[str], list[str]] | None:
    """Return the words and the patterns of a command line, as records call it; None for the name of another app.

    >>> read_command("--result 'a: (.*)' -- ./sim {lr}"), read_command("train.py:main")
    ((['./sim', '{lr}'], ['a: (.*)']), None)
    """
    if not name.startswith(("-- ", "--result ")):
        return None
    try:
        words = shlex.split(name)
    except ValueError:
        return None
    place = words.index("--") if "--" in words else len(words)
    return words[place + 1 :], words[1:place:2]


def find_command(name: str, base: Path) -> App | None:
    """Return the command line that a record names, to be run in another directory; None for the name of another app.

    Raises:
        UsageError: A part of it is masked, or its program is not there.
    """
    known = read_command(name)
    if known is None:
        return None
    if any(MASK in word for word in known[0]):
        raise UsageError(f"A secret is masked in the command line {name}: run it by hand, with the secret.")
    return describe_command(*known, base)


def name_program(words: Sequence[str]) -> str:
    """Return what a command line runs: of an interpreter's, the script.

    >>> name_program(["python3", "-u", "fit.py", "{lr}"]), name_program(["./sim.sh", "{lr}"])
    ('fit.py', 'sim.sh')
    """
    rest = [word for word in words if not word.startswith("-")]
    names = [os.path.basename(word) for word in rest]
    while len(names) > 1 and _INTERPRETER.fullmatch(names[0]):
        names = names[1:]
    return names[0] if names else ""


def name_results(pattern: str) -> dict[int, str]:
    r"""Return the names of the results that a pattern finds, by the numbers of their groups.

    Raises:
        UsageError: It is no regular expression, or has no group.

    >>> name_results("accuracy: ([0-9.]+)"), name_results("(?P<loss>\\\\S+) at")
    ({1: 'accuracy'}, {1: 'loss'})
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(f"--result {pattern!r} is no regular expression: {error}.") from None
    named = {number: name for name, number in compiled.groupindex.items()}
    if named:
        return named
    if compiled.groups != 1:
        raise UsageError(
            f"--result {pattern!r} needs one group in parentheses, which is the result, as in 'accuracy: ([0-9.]+)'; "
            f"several are named: '(?P<loss>...) (?P<accuracy>...)'."
        )
    words = re.findall(r"[A-Za-z_]\w*", re.sub(r"\\.", " ", pattern.partition("(")[0]))
    return {1: words[-1] if words else "result"}


def _find_branch(config: Mapping[Any, Any], key: str) -> Any:
    """Return the part of a config at a dotted key; None where there is none."""
    found: Any = config
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _explain_missing(key: str, values: Mapping[str, Any]) -> str:
    near = name_nearest(key, values)
    hint = f"did you mean {{{near}}}?" if near else f"there are {list_names(sorted(values))}."
    return f"{{{key}}} in the command line is no key of the config: {hint} {{{{{key}}}}} stands for the text itself."


def _write_value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def _read_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    with contextlib.suppress(ValueError):
        return float(text)
    return text


def _read_results(path: Path) -> dict[str, Any]:
    """Return what a program wrote as its results; anything but a mapping is mentioned in the log."""
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        found = error
    if isinstance(found, dict):
        return found
    sys.stderr.write(f"mag: {path.name} is no JSON object, so no results are registered from it\n")
    return {}


@contextlib.contextmanager
def _lend_config(config: Any, written: Path) -> Iterator[str]:
    """Lend a JSON file of the config: that of the experiment, or where values are masked in it a temporary one."""
    import tempfile  # noqa: PLC0415 - see above

    with contextlib.suppress(OSError, ValueError):
        if json.loads(written.read_bytes()) == config:
            yield str(written)
            return
    with tempfile.NamedTemporaryFile("w", prefix="mag-", suffix=".json", encoding="utf-8") as file:
        json.dump(config, file, default=str)
        file.flush()
        yield file.name
