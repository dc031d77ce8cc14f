"""Changes: what has changed in code or config since some of the same experiments ran."""

import contextlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mag.app.command_line import read_command
from mag.config.flat import flatten
from mag.config.language.override import format_value
from mag.config.secrets import mask
from mag.disk import files
from mag.errors import MagError, RepositoryError
from mag.record.paths import StorePaths
from mag.record.records import read_record
from mag.record.sweeps import list_ids

if TYPE_CHECKING:
    from mag.plans.plan import Plan, PlannedExperiment
    from mag.record.provenance import Provenance
    from mag.settings import Settings
    from mag.sweeps.codebase import Codebase

_MOST_CODES = 3
_MOST_MANIFESTS = 3
_MOST_NAMES = 3
_LARGEST_MANIFEST = 1_000_000
"""Bytes; reading larger ones would hold up every new sweep."""


def list_changes(
    plan: "Plan", todo: "Sequence[PlannedExperiment]", provenance: "Provenance", settings: "Settings"
) -> list[str]:
    """Return a line for the code and one for the config, if they have changed since some of the experiments ran."""
    from mag.code.checkouts import read_code  # noqa: PLC0415  (few sweeps go on with one)
    from mag.sweeps.forerunners import list_forerunners  # noqa: PLC0415  (few sweeps have any)

    running = {experiment.index for experiment in todo}
    done = [experiment for experiment in plan if experiment.index not in running]
    commit = provenance.commit
    code = _describe_code(done, read_code(commit), str(commit.get("top")), plan.config_files)
    code = code or _describe_function(done, commit.get("function"), str(provenance.app))
    lines = list_forerunners(plan, str(provenance.app), settings)
    return _join(code, *(lines or [_describe_config(plan.store, done, todo, provenance.app, settings.secrets)]))


def list_changes_of_done(plan: "Plan", code: "Codebase") -> list[str]:
    """Return the same where all experiments are done; the code is read, but not stored."""
    done = list(plan)
    now, top = (
        _read_now(code.source, code.settings, plan.config_files) if any(each.code for each in done) else (None, "")
    )
    changed = _describe_code(done, now, top, plan.config_files) or _describe_function(done, code.function, code.name)
    return _join(changed, _describe_config(plan.store, done, (), None, code.settings.secrets))


def _join(*lines: str) -> list[str]:
    return [line for line in lines if line]


def _read_now(source: Path, settings: "Settings", configs: tuple[str, ...]) -> tuple[str | None, str]:
    """Return the tree or commit that holds the code as it is now, and the top of its work tree."""
    from mag.code.omissions import Rules  # noqa: PLC0415  (git, which not every project has)
    from mag.code.repository import Repository  # noqa: PLC0415
    from mag.code.snapshots import read_state  # noqa: PLC0415

    with contextlib.suppress(RepositoryError, OSError, UnicodeError), Repository(source) as repository:
        state = read_state(repository, Rules.of(settings, configs))
        return state.tree or state.changes.commit, str(repository.top)
    return None, ""


def _describe_code(done: "Sequence[PlannedExperiment]", now: str | None, top: str, configs: Sequence[str]) -> str:
    from mag.code.checkouts import read_code  # noqa: PLC0415  (few sweeps go on with one)

    codes = Counter(experiment.code for experiment in done if experiment.code)
    if now is None or set(codes) <= {now}:
        return ""
    number, changed = 0, dict[str, None]()
    for code, count in codes.most_common(_MOST_CODES):
        if names := _list_changed(read_code({"hash": code}), now, top, configs):
            number += count
            changed |= dict.fromkeys(names)
    if not number:
        return ""
    return f"{number} of the {len(done)} done already ran other code ({_shorten(changed)}): --force runs them again"


def _describe_function(done: "Sequence[PlannedExperiment]", now: object, app: str) -> str:
    """Describe edits to what no commit holds: a notebook's function, or a command line."""
    if read_command(app) is not None:
        name, number = "command line", sum(each.app not in {None, app} for each in done)
    else:
        name, number = (
            app.rpartition(":")[2],
            sum(now is not None and each.function not in {None, now} for each in done),
        )
    return f"{number} of the {len(done)} done already ran another {name}: --force runs them again" if number else ""


def _list_changed(before: str | None, now: str, top: str, configs: Sequence[str]) -> list[str]:
    """Return the files of code that differ between two commits; none where git cannot tell."""
    from mag.code.drift import list_changed_code  # noqa: PLC0415  (few sweeps go on with one)
    from mag.code.repository import Repository  # noqa: PLC0415

    if before is None:
        return []
    with contextlib.suppress(RepositoryError), Repository(top) as repository:
        return list_changed_code(repository, before, now, configs)
    return []


def _describe_config(
    store: StorePaths,
    done: "Sequence[PlannedExperiment]",
    todo: "Sequence[PlannedExperiment]",
    app: str | None,
    secrets: Sequence[str],
) -> str:
    """Describe keys that the overrides do not set and whose values have changed."""
    if done:  # its identity is the same, so that only hidden keys can have changed
        changed = _compare(store, done[0].identifier, done[0], secrets)
        return f"the config has changed since {len(done)} of them ran ({_shorten(changed)})" if changed else ""
    former = _read_former(store, app) if any(each.status == "new" for each in todo) else {}
    others = [each for each in todo if each.status == "new" and each.overrides in former] if former else []
    changed = _compare(store, former[others[0].overrides], others[0], secrets) if others else []
    if not changed:
        return ""
    return f"the config has changed ({_shorten(changed)}): {len(others)} of {len(todo)} are not those of the last sweep"


def _read_former(store: StorePaths, app: str | None) -> dict[tuple[str, ...], str]:
    """Return the names that an app's latest sweeps gave to what was typed for each experiment."""
    names: dict[tuple[str, ...], str] = {}
    ids: list[str] = []
    with contextlib.suppress(MagError):
        ids = list_ids(store)[:_MOST_MANIFESTS]
    for sweep in ids:
        with contextlib.suppress(OSError, MagError, KeyError, TypeError):
            path = str(store.manifest(sweep))
            manifest = files.read_json(path) if os.path.getsize(path) <= _LARGEST_MANIFEST else {}
            if manifest.get("app") == app:
                names = {tuple(each["overrides"]): str(each["identifier"]) for each in manifest["plan"]} | names
    return names


def _compare(store: StorePaths, name: str, experiment: "PlannedExperiment", secrets: Sequence[str]) -> list[str]:
    """Return how the config of a planned experiment differs from the one that an experiment ran with."""
    try:
        before = flatten(read_record(store.experiment(name)).config)
    except (OSError, MagError):
        return []
    now, written = flatten(mask(experiment.resolved, secrets)), flatten(experiment.composed)
    return [
        f"{key}: {_show(before, key)} -> {_show(now, key)}"
        for key in dict.fromkeys([*before, *now])
        if _show(before, key) != _show(now, key) and "${" not in str(written.get(key))  # the time, say
    ]


def _show(flat: Mapping[str, Any], key: str) -> str:
    return f"{format_value(flat[key]):.40}" if key in flat else "(none)"


def _shorten(names: Iterable[str]) -> str:
    known = list(names)
    more = len(known) - _MOST_NAMES
    return ", ".join(known[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
