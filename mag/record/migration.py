"""Migration: finished experiments get the config that they would have now, and with it identity and name."""

import contextlib
import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from mag.clock import tell_time
from mag.config.composition.assignment import assign_values
from mag.config.composition.keys import ABSENT, find_value
from mag.config.composition.merging import copy_value
from mag.config.identity import USUAL, Visibility, compute_identity, describe_rules, read_visibility
from mag.config.language.grammar import parse_overrides
from mag.config.language.override import Override, format_value
from mag.config.secrets import is_masked
from mag.errors import MagError, OverrideError, UsageError
from mag.record.moves import Move, check_free, choose_names
from mag.record.names import name_config
from mag.record.records import FORMER, Record
from mag.record.store import StoredExperiment
from mag.settings import Settings


class ConfigChange(NamedTuple):
    """One change of configs.

    Attributes:
        text: As it was typed.
        apply: Returns the changed config; None where there is nothing to change in it.
    """

    text: str
    apply: Callable[[dict[str, Any]], dict[str, Any] | None]


def read_assignment(text: str) -> ConfigChange:
    """Return the change that `+key=value` or `~key` is.

    Raises:
        UsageError: It is neither, or stands for several values.
    """
    try:
        [override] = parse_overrides([text])
    except OverrideError as error:
        raise UsageError(f"{text!r} is no change: {error}") from error
    is_plain = override.key and not override.is_sweep and override.package is None
    if override.operation not in {"add", "delete"} or not is_plain:
        raise UsageError(f"{text!r} is no change: write +KEY=VALUE, the value that they ran with, or ~KEY.")
    if override.operation == "add":
        return ConfigChange(text, lambda config: _change(config, override) if _lacks(config, override.key) else None)
    return ConfigChange(text, lambda config: None if _lacks(config, override.key) else _change(config, override))


def read_renaming(text: str) -> ConfigChange:
    """Return the change that `--rename old=new` is.

    Raises:
        UsageError: It names no two keys.
    """
    old, _, new = text.partition("=")
    if not old or not new or old == new:
        raise UsageError(f"--rename {text!r} must name two keys: --rename lr=optimizer.lr")
    [delete] = parse_overrides([f"~{old}"])

    def apply(config: dict[str, Any]) -> dict[str, Any] | None:
        """Return the changed config; None where nothing changes."""
        value = find_value(config, old)
        if value is ABSENT or not _lacks(config, new):
            return None
        moved = _put(_change(config, delete), new, value)
        return _refer(moved, re.compile(rf"\$\{{{re.escape(old)}(?=[}}.])"), "${" + new)  # type: ignore[no-any-return]

    return ConfigChange(f"--rename {text}", apply)


def read_replacement(text: str) -> ConfigChange:
    """Return the change that `--value key:old=new` is.

    Raises:
        UsageError: It is not of that form.
    """
    key, colon, values = text.partition(":")
    old, equals, new = values.partition("=")
    if not (key and colon and equals):
        raise UsageError(f"--value {text!r} must name a key and two values: --value 'model.name:svm=svc'")
    before, after = (parse_overrides([f"{key}={value}"])[0] for value in (old, new))

    def apply(config: dict[str, Any]) -> dict[str, Any] | None:
        """Return the changed config; None where nothing changes."""
        value = find_value(config, key)
        if value is ABSENT or type(value) is not type(before.value) or value != before.value:
            return None
        return _change(config, after)

    return ConfigChange(f"--value {text}", apply)


def _lacks(config: dict[str, Any], key: str) -> bool:
    return find_value(config, key) is ABSENT


def _change(config: dict[str, Any], override: Override) -> dict[str, Any]:
    return assign_values(config, [override])


def _put(config: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return a config with a value at a new key, made of mappings as far as they are missing."""
    [override] = parse_overrides([f"+{key}=0"])
    return assign_values(config, [dataclasses.replace(override, value=copy_value(value))])


def _refer(value: Any, old: "re.Pattern[str]", new: str) -> Any:
    """Return a value with its interpolations led to the new key."""
    if isinstance(value, str):
        return old.sub(lambda _: new, value)
    if isinstance(value, dict):
        return {key: _refer(item, old, new) for key, item in value.items()}
    return [_refer(item, old, new) for item in value] if isinstance(value, list) else value


def plan_migration(
    experiments: Sequence[StoredExperiment],
    everything: Sequence[StoredExperiment],
    changes: Sequence[ConfigChange],
    settings: Settings,
) -> list[Move]:
    """Return the changes of those experiments that change at all.

    Raises:
        UsageError: Two experiments would have one identity, or one of them runs, or its config is not known whole.
    """
    moves, batch = [], tell_time()
    for one in experiments:
        if one.record is not None and (record := _migrate(one, one.record, changes, settings, batch)) is not None:
            check_free(one)
            moves.append(Move(one, record, record.identifier))
    _check_identities(moves, everything)
    return choose_names(moves, everything, settings)


def _migrate(
    one: StoredExperiment, record: Record, changes: Sequence[ConfigChange], settings: Settings, batch: str
) -> Record | None:
    config, composed = record.config, record.composed
    for change in changes:
        changed = change.apply(config)
        if changed is not None:
            config = changed
            composed = composed and (change.apply(composed) or composed)
    if config is record.config:
        return None
    if masked := _find_masked(record.config, "", settings):
        raise UsageError(f"{one.name!r} cannot be migrated: the value of {masked} was masked when it was recorded.")
    visibility = read_visibility(settings)
    identity = compute_identity(config, record.choices if _counts_choices(record, visibility) else {}, visibility)
    former = {name: getattr(record, name) for name in FORMER}
    former |= {"overrides": list(record.overrides), "changes": [change.text for change in changes]}
    former |= {"batch": batch, "name": one.name}
    name = name_config(config, identity, settings)
    known = {"identity": identity, "identifier": name, "rules": describe_rules(visibility)}
    return record.replace(**known, config=config, composed=composed, former=(*record.former, former))


def _counts_choices(record: Record, visibility: Visibility) -> bool:
    """Tell whether the choices of groups are a part of the identity, as for apps of Hydra."""
    known = {compute_identity(record.config, record.choices, each) for each in (USUAL, visibility)}
    return bool(record.choices) and record.identity in known


def _find_masked(value: Any, key: str, settings: Settings) -> str | None:
    if isinstance(value, dict):
        items = ((f"{key}.{name}" if key else str(name), item) for name, item in value.items())
    elif isinstance(value, list):
        items = ((key, item) for item in value)
    else:
        return key if is_masked(key, value, settings.secrets) else None
    return next((found for name, item in items if (found := _find_masked(item, name, settings))), None)


def _check_identities(moves: Sequence[Move], everything: Sequence[StoredExperiment]) -> None:
    """Refuse to make one experiment of several."""
    moving = {move.experiment.name for move in moves}
    there = {one.record.identity: one for one in everything if one.record and one.name not in moving}
    for move in moves:
        other = there.setdefault(move.record.identity, move.experiment)
        were_one = other.name in moving and other.record and _read_identity(move) == other.record.identity
        if other is not move.experiment and not were_one:
            raise UsageError(
                f"{other.name!r} and {move.experiment.name!r} would be one experiment: leave one of them out with a "
                f"filter, or remove it with `mag rm`; nothing was changed."
            )


def _read_identity(move: Move) -> str | None:
    return move.experiment.record.identity if move.experiment.record else None


def find_batch(everything: Iterable[StoredExperiment]) -> str | None:
    """Return the latest migration of a store that has not been undone."""
    found = (str(one.record.former[-1].get("batch")) for one in everything if one.record and one.record.former)
    return max(found, default=None)


def plan_undoing(everything: Sequence[StoredExperiment], batch: str) -> list[Move]:
    """Return what becomes of the experiments of a migration when it is undone.

    Raises:
        UsageError: Two experiments would have one identity, or one of them runs.
    """
    moves = list(_undo(everything, batch))
    for move in moves:
        check_free(move.experiment)
    _check_identities(moves, everything)
    return moves


def _undo(everything: Iterable[StoredExperiment], batch: str) -> Iterator[Move]:
    for one in everything:
        if one.record is None or not one.record.former or one.record.former[-1].get("batch") != batch:
            continue
        *rest, last = one.record.former
        with contextlib.suppress(KeyError, TypeError, MagError):
            kept = {name: last[name] for name in FORMER} | {"overrides": tuple(last["overrides"])}
            name = str(last["name"]) if one.name in {one.record.identifier, last["name"]} else one.name
            yield Move(one, one.record.replace(former=tuple(rest), **kept), name)


def describe_change(move: Move) -> list[str]:
    """Return what changes in the config of an experiment, one text a key."""
    from mag.config.flat import flatten  # noqa: PLC0415

    assert move.experiment.record is not None
    before, after = flatten(move.experiment.record.config), flatten(move.record.config)
    gone = [f"~{key}" for key in before if key not in after]
    new = [f"+{key}={format_value(after[key])}" for key in after if key not in before]
    other = [
        f"{key}={format_value(after[key])}" for key in after if key in before and repr(before[key]) != repr(after[key])
    ]
    return [*gone, *new, *other]
