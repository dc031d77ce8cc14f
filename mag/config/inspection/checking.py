"""Checking: every option of every group is composed, each by itself against the defaults."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mag.config.composition.choice_advice import OpenChoiceError
from mag.config.composition.composer import Composer
from mag.config.composition.interpolation import find_missing, is_reference, resolve
from mag.config.composition.keys import KeyPath, list_keys
from mag.config.composition.resolution import find_written, is_late, put_all
from mag.config.documents.document import read_document
from mag.config.documents.marks import shorten
from mag.config.flat import flatten
from mag.config.inspection.advice import find_surprises
from mag.config.inspection.origins import Origins
from mag.config.inspection.problems import Problem, Severity, locate_error, place_message
from mag.config.language.grammar import read_override
from mag.config.language.override import Override, format_value
from mag.errors import ConfigError, InterpolationError, MissingValueError, SchemaError
from mag.patterns import compile_lazily
from mag.suggestion import list_names

_ELSEWHERE = compile_lazily("environment variable|there is no resolver")  # what only the machine, or the app, can say
_NO_VALUE = compile_lazily(r"but there is no value (\S+?)(?:,|$)")
_MOST_CHOICES = 20


Ask = Callable[[dict[str, Any], Sequence[Override]], object]
"""Resolves a config where the app is imported; raises ConfigError where it cannot be."""


class Checker:
    """Checks the configs of one app."""

    def __init__(
        self,
        composer: Composer,
        primary: Path,
        overrides: Sequence[Override],
        ignored: Sequence[str] = (),
        *,
        is_late: bool = False,
        has_store: bool = False,
        ask: Ask | None = None,
    ) -> None:
        self._ask = ask
        self.count = 0
        self._has_store = has_store
        self._is_late = is_late
        self._asked: set[tuple[KeyPath, str]] = set()
        self._keys: set[str] = set()
        self._composer = composer
        self._primary = primary
        self._overrides = list(overrides)
        self._ignored = ("hydra", *ignored)
        self._missing: set[str] = set()
        self._said: set[str] = set()

    def check_primary(self) -> Iterator[Problem]:
        """Yield what keeps the primary config itself from running.

        Choices that it leaves open are settled with their first option, so that everything else can be checked.
        """
        settled: list[str] = []
        for _ in range(_MOST_CHOICES):
            try:
                config = self._compose(self._overrides)
            except OpenChoiceError as error:
                yield self._place(error, self._primary, "error")
                if not error.options:
                    return
                settled.append(f"{error.key}={format_value(error.options[0])}")
                self._overrides.append(read_override(settled[-1]))
            except ConfigError as error:
                yield self._place(error, self._primary)
                return
            else:
                break
        else:
            return
        self._missing.update(find_missing(config))
        for key in sorted(self._missing):
            if self._is_late:
                yield self._locate(self._overrides, key, "note", f"{key} is ???, until the function fills it")
            else:
                text = f"{key} is still ???; give it a value, or type {key}=VALUE"
                yield self._locate(self._overrides, key, "error", text)
        condition = f"with {' '.join(settled)} " if settled else ""
        yield from self._resolve(config, self._overrides, self._primary, condition)

    def check_options(self) -> Iterator[Problem]:
        """Yield what is wrong with each option of each group, chosen by itself."""
        found = list(self._check_all())
        yield from (self._soften(each) for each in found)  # all that any option has is known now

    def _soften(self, problem: Problem) -> Problem:
        """Return a problem as a note where the value that is missing comes with another choice."""
        match = _NO_VALUE.search(problem.text) if problem.severity == "warning" else None
        if match is None:
            return problem
        key = match[1].lstrip(".")
        there = any(each == key or each.endswith(f".{key}") for each in self._keys)
        return replace(problem, severity="note") if there else problem

    def _check_all(self) -> Iterator[Problem]:
        choices, nested = self._list_choices(), self._find_nested()
        for group in self._list_groups():
            keys = [key for key in choices or () if key.partition("@")[0] == group]
            parent = nested.get(group) if not keys else None
            keys = [parent] if parent else keys or [group if choices is None else f"+{group}"]
            for option in self._composer.options(group):
                file = self._primary.parent.joinpath(group, f"{option}.yaml")
                name = f"{group}/{option}".removeprefix(f"{parent}/") if parent else option
                found = [each for key in keys for each in self._check_option(f"{key}={format_value(name)}", file)]
                # what does not fit a primary config that is broken itself need not be wrong
                yield from (each for each in found if choices is not None or each.file != file or each.line is not None)

    def _find_nested(self) -> dict[str, str]:
        """Return the groups chosen through one above: `model: enc/causal` chooses from model/enc."""
        nested: dict[str, str] = {}
        root = self._primary.parent
        for file in sorted(root.rglob("*.yaml")):
            document = None
            with contextlib.suppress(ConfigError):
                document = read_document(file)
            folder = file.parent.relative_to(root).as_posix().removeprefix(".")
            for entry in document.entries if document else ():
                for option in entry.option if isinstance(entry.option, tuple) else (entry.option,):
                    if entry.is_group and isinstance(option, str) and "/" in option:
                        group = entry.group(folder)
                        nested[f"{group}/{option.rpartition('/')[0]}"] = group
        return nested

    def _compose(self, overrides: Sequence[Override]) -> dict[str, Any]:
        """Return the config; where the schema refuses a value, the error says where it stands."""
        try:
            config = self._composer.compose(overrides)
        except SchemaError as error:
            raise locate_error(error, self._composer, overrides) from None
        self._keys.update(list_keys(config))
        return config

    def _list_groups(self) -> Sequence[str]:
        try:
            return [each for each in self._composer.groups() if each.partition("/")[0] not in self._ignored]
        except ConfigError:  # the primary config cannot be read, which was said
            return ()

    def _list_choices(self) -> list[str] | None:
        """Return the choices of the primary config; None where it does not compose by itself."""
        try:
            return list(self._composer.choices(self._overrides))
        except ConfigError:
            return None

    def _check_option(self, text: str, file: Path) -> Iterator[Problem]:
        self.count += 1
        overrides = [*self._overrides, read_override(text)]
        try:
            config = self._compose(overrides)
        except OpenChoiceError as error:
            options = list_names(error.options)
            yield Problem("note", file, None, f"{text} also needs a choice: {error.key}=<option>, of {options}")
        except ConfigError as error:
            if str(error) not in self._said:
                yield self._judge(error, text, file)
        else:
            for key in find_missing(config):
                if key not in self._missing:
                    yield self._locate(overrides, key, "note", f"{text} also needs {key}=VALUE, which is still ???")
            yield from self._resolve(config, overrides, file, f"with {text} ")

    def _judge(self, error: ConfigError, text: str, file: Path) -> Problem:
        """Return what keeps an option from being chosen by itself: an error of its own file, or what else it needs."""
        found = self._place(error, file)
        if found.file.resolve() == file.resolve():
            return found
        place = shorten(found.file) + (f":{found.line}" if found.line else "")
        return Problem("note", file, None, f"{text} goes with another choice: {place}: {found.text}")

    def _resolve(
        self, config: dict[str, Any], overrides: Sequence[Override], file: Path, condition: str = ""
    ) -> Iterator[Problem]:
        """Yield why the interpolations of a config come to nothing, if they do and it was not said before."""
        try:
            flatten(self._composer.convert(resolve(self._leave_out(config)), overrides))
        except MissingValueError:
            return  # said of the value that is missing
        except ConfigError as error:
            text = str(error)
            if text in self._said:
                return
            self._said.add(text)
            severity: Severity = "error" if isinstance(error, SchemaError | InterpolationError) else "warning"
            if self._ask is not None and "there is no resolver" in text:
                yield from self._let_app_resolve(self._ask, config, overrides, file)
                return
            if _ELSEWHERE.search(text):
                severity = "note"
            yield self._locate(overrides, text.partition(" is ")[0], severity, f"{condition}{text}", file)

    def _let_app_resolve(
        self, ask: Ask, config: dict[str, Any], overrides: Sequence[Override], file: Path
    ) -> Iterator[Problem]:
        """Yield why the app's own resolvers cannot resolve a config, if they cannot."""
        try:
            ask(config, overrides)
        except ConfigError as error:
            place, line, text = place_message(str(error), file)
            if text not in self._said:
                self._said.add(text)
                known = self._locate(overrides, text.partition(" is ")[0], "error", text, place)
                yield known if line is None else Problem("error", place, line, text)

    def _leave_out(self, config: dict[str, Any]) -> dict[str, Any]:
        """Return a config without what resolvers are asked for that were asked before, or answer experiments only.

        Most options add none, and are checked without OmegaConf, in a tenth of the time.
        """
        asking = {path: text for path, text in find_written(config).items() if "${" in text and not is_reference(text)}
        late = {path for path, text in asking.items() if is_late(text)}
        fresh = {(path, text) for path, text in asking.items() if path not in late} - self._asked
        self._asked |= fresh
        return put_all(config, dict.fromkeys(late if fresh else asking, None)) if asking else config

    def _place(self, error: ConfigError, file: Path, severity: Severity = "error") -> Problem:
        self._said.add(str(error))
        place, line, text = place_message(str(error), file)
        if self._has_store and text.startswith("there is no config "):
            return Problem("note", place, line, f"{text}; the app may have it in Hydra's ConfigStore")
        return Problem(severity, place, line, text)

    def _locate(
        self, overrides: Sequence[Override], key: str, severity: Severity, text: str, file: Path | None = None
    ) -> Problem:
        """Return a problem of the value at a key: it is where the value is written."""
        found = Origins(self._composer, overrides).explain(key)
        places = [step.place for step in found.steps if step.place] if found else []
        if places:
            return Problem(severity, places[-1].file, places[-1].line, text)
        return Problem(severity, file or self._primary, None, text)


def check_files(root: Path, primary: Path, ignored: Sequence[str] = ()) -> Iterator[Problem]:
    """Yield what is wrong with the files of a config folder as such.

    Those that cannot be read, words that YAML reads otherwise than they look, and files that nothing leads to.
    """
    files = [path for path in sorted(root.rglob("*.y*ml")) if path.relative_to(root).parts[0] not in ignored]
    named: set[str] = set()
    for file in files:
        if file.suffix != ".yaml":
            text = f"is never read, because configs end in .yaml: rename it to {file.stem}.yaml"
            yield Problem("warning", file, None, text)
            continue
        try:
            document = read_document(file)
        except ConfigError as error:
            yield Problem("error", *place_message(str(error), file))
            continue
        for surprise in find_surprises(file):
            yield Problem("warning", file, surprise.line, surprise.text)
        folder = file.parent.relative_to(root).as_posix().removeprefix(".")
        named |= {entry.locate(folder).removesuffix(".yaml") for entry in document.entries} if document else set()
    for file in files:
        if file.parent == root and file.suffix == ".yaml" and file != primary and file.stem not in named:
            yield Problem("note", file, None, "is used by no defaults list, and is not the app's config")
