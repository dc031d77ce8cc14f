"""Forerunners: finished experiments that differ from new ones by keys alone, and what keeps them."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from mag.config.flat import flatten
from mag.config.identity import canonical_json, keep_visible
from mag.config.language.grammar import parse_overrides
from mag.config.language.lexer import write_word
from mag.config.language.override import format_value
from mag.config.secrets import mask
from mag.disk import files, values
from mag.errors import MagError
from mag.record.paths import StorePaths
from mag.record.sweeps import list_ids
from mag.sweeps.ownership import find_successor

if TYPE_CHECKING:
    from mag.plans.plan import Plan
    from mag.settings import Settings

_MOST = 1000
_MOST_KEYS = 3
_MOST_SWEEPS = 3

_Flat = dict[str, bytes]
"""A visible flat config, each value as its canonical JSON."""


class _Pair(NamedTuple):
    """A new experiment, and a finished one that differs by few keys."""

    now: _Flat
    before: _Flat


def list_forerunners(plan: "Plan", app: str, settings: "Settings") -> list[str]:
    """Return a line on finished experiments that differ from planned ones by one key, and how to keep them."""
    new = list(islice((one for one in plan if one.status == "new"), _MOST))
    if not new:
        return []
    finished = list(_read_finished(plan, app, settings))
    points = [_spell(mask(one.resolved, settings.secrets)) for one in new] if finished else []
    pairs = _find_pairs(points, finished)
    if pairs:
        return [_advise_migration(pairs)]
    typed = {override.key for override in new[0].point.assign()}
    return list(islice(_find_other_defaults(points, finished, typed), 1))


def _read_finished(plan: "Plan", app: str, settings: "Settings") -> Iterator[_Flat]:
    """Yield the configs of finished experiments of an app, those of its latest sweeps first."""
    own, planned = os.path.basename(app), {one.identity for one in plan}
    for name in islice(_list_names(plan.store), _MOST):
        with contextlib.suppress(OSError, MagError, RecursionError):
            found = files.read_json(plan.store.experiment(name).record)
            ran = find_successor(str(found.get("app")), settings)
            if found["status"] == "completed" and os.path.basename(ran) == own and found["identity"] not in planned:
                yield _spell(values.decode(found["config"]))


def _list_names(store: StorePaths) -> Iterator[str]:
    names: dict[str, None] = {}
    with contextlib.suppress(OSError, MagError, KeyError, TypeError):
        for sweep in list_ids(store)[:_MOST_SWEEPS]:
            names |= {str(each["identifier"]): None for each in files.read_json(str(store.manifest(sweep)))["plan"]}
    yield from names
    with contextlib.suppress(OSError), os.scandir(store.root) as entries:
        yield from (entry.name for entry in entries if entry.name not in names and not entry.name.startswith("."))


def _spell(config: Mapping[str, Any]) -> _Flat:
    return {key: canonical_json(value) for key, value in keep_visible(flatten(config)).items()}


def _find_pairs(points: Sequence[_Flat], finished: Sequence[_Flat]) -> list[_Pair]:
    """Return new experiments paired with finished ones that lack a few of their keys, or have a few more."""
    for then, before in _group_by_keys(finished).items():
        for today, now in _group_by_keys(points).items():
            if then == today or len(today - then) > _MOST_KEYS or len(then - today) > _MOST_KEYS:
                continue
            shared = sorted(today & then)
            known = {_restrict(flat, shared): flat for flat in before}
            pairs = [_Pair(flat, known[found]) for flat in now if (found := _restrict(flat, shared)) in known]
            if pairs and shared:
                return pairs
    return []


def _group_by_keys(flats: Iterable[_Flat]) -> dict[frozenset[str], list[_Flat]]:
    groups: dict[frozenset[str], list[_Flat]] = {}
    for flat in flats:
        groups.setdefault(frozenset(flat), []).append(flat)
    return groups


def _restrict(flat: _Flat, keys: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(flat[key] for key in keys)


def _advise_migration(pairs: Sequence[_Pair]) -> str:
    now, before = pairs[0]
    added, gone = [key for key in now if key not in before], [key for key in before if key not in now]
    renamed = {}
    for old in gone:
        new = next((key for key in added if all(pair.now[key] == pair.before[old] for pair in pairs)), None)
        if new is not None:
            added.remove(new)
            renamed[old] = new
    words = [_write_addition(key, now[key]) for key in added]
    words += [write_word(f"~{key}") for key in gone if key not in renamed]
    words += [f"--rename {write_word(f'{old}={new}')}" for old, new in renamed.items()]
    reasons = [f"{', '.join(added)}, which they lack"] if added else []
    reasons += [f"{old}, which is no key any more" for old in gone if old not in renamed]
    reasons += [f"the name of {old}, which is {new} now" for old, new in renamed.items()]
    count = len({tuple(sorted(pair.before.items())) for pair in pairs})
    differ = "experiment differs" if count == 1 else "experiments differ"
    keeps = "keeps it" if count == 1 else "keeps them"
    return f"{count} completed {differ} only by {' and '.join(reasons)}: mag migrate {' '.join(words)} {keeps}"


def _write_addition(key: str, value: bytes) -> str:
    [override] = parse_overrides([f"+{key}=0"])
    return write_word(override.with_value(_read(value)).text)


def _read(value: bytes) -> Any:
    import json  # noqa: PLC0415  (start-up)

    return json.loads(value)


def _find_other_defaults(points: Sequence[_Flat], finished: Sequence[_Flat], typed: set[str]) -> Iterator[str]:
    """Yield a remark on each key whose value has changed although nobody typed it."""
    alike = [flat for flat in finished if points and flat.keys() == points[0].keys()]
    same = [flat for flat in points if flat.keys() == points[0].keys()] if alike else []
    for key in points[0] if alike else ():
        shared = sorted(points[0].keys() - {key})
        known = {_restrict(flat, shared): flat[key] for flat in alike} if key not in typed else {}
        found = [known[place] for flat in same if (place := _restrict(flat, shared)) in known]
        if found:
            was, is_now = (format_value(_read(value)) for value in (found[0], points[0][key]))
            differ, it = ("experiment differs", "it") if len(found) == 1 else ("experiments differ", "them")
            yield (
                f"{len(found)} completed {differ} only by {key}, which was {was} and is {is_now} now: "
                f"{write_word(f'{key}={was}')} finds {it}"
            )
