"""Templates: describing the points that differ in a few values only, without composing each of them.

All points of a grid that choose the same options share every leaf of their config but the swept ones, as long as no
interpolation refers to those. What a swept value becomes, its piece of the canonical JSON and its part of the name
are then worked out once for each value, and a point costs no more than joining and hashing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeAlias

from mag.config.composition.composer import Composer
from mag.config.composition.keys import ABSENT, KeyPath, find_value, follow_key, join_path
from mag.config.composition.merging import copy_value
from mag.config.composition.resolution import is_late
from mag.config.flat import settle_value, spell_key, split_spelled
from mag.config.identity import cut_piece, hash_pieces, keep_visible
from mag.patterns import compile_lazily
from mag.plans.descriptions import (
    Config,
    Description,
    Tools,
    compose_point,
    count_choices,
    drop_late,
    find_flat,
    find_texts,
)
from mag.plans.naming import list_changes
from mag.plans.space import Grid, Point

_Path: TypeAlias = tuple[str, ...]

_REFERENCE = compile_lazily(r"\$\{\s*(\.*)((?:[\w-]+\.)*[\w-]+)\s*\}")
_CONSTANT = compile_lazily(r"\$\{\s*(?:oc\.env:[^${}]*|hydra:\s*(?:runtime\.choices\.[^${}]*|job\.name\s*))\}")
"""What is the same for all points that choose the same options."""
_LARGEST_EXACT = 2**53
_PLAIN = frozenset({int, float, bool, type(None)})
_KEPT_EFFECTS = 4096


class _Effect(NamedTuple):
    """What one value of a swept key makes of the config."""

    value: Any  # an integer becomes a float where one was before
    flat: Any  # the same as a flat config holds it
    shown: Any  # what is visible of that
    piece: str  # of the canonical JSON
    part: str  # of the name


class _Slot:
    """A swept key: which dimension gives it its value, and what has been worked out of its values so far."""

    def __init__(self, key: str, dimension: int, values: Sequence[Any]) -> None:
        self.key = key
        self.dimension = dimension
        self.values = values
        self.effects: dict[int, _Effect] = {}
        self.changes: dict[int, str] = {}
        self.becomes_float: dict[type, bool] = {}
        self.piece_place: int | None = None
        self.part_place: int | None = None


class Template:
    """Describes the points of a grid that choose the same options as a first one; see `build_template`."""

    def __init__(self, config: Config, slots: Sequence[_Slot], tools: Tools) -> None:
        composer, naming, resolver, self._distinction = tools
        self._composed = config.composed
        self._resolved = config.resolved
        self._flat = config.flat
        self._choices = config.choices()
        self._late = config.late
        self._is_late = resolver.traits.is_late
        self._slots = {slot.key: slot for slot in slots}
        self._composer = composer
        self._naming = naming
        self._visibility = naming.visibility
        visible = keep_visible(config.flat, naming.visibility)
        counted = {**visible, **count_choices(config, resolver)}
        pieces = {key: cut_piece(key, counted[key]) for key in sorted(counted)}
        self._pieces, places = _lay_out(pieces, self._slots, ",".join)
        parts = {key: naming.encode(key, visible[key]) for key in naming.choose(drop_late(visible, config))}
        self._parts, named = _lay_out(parts, self._slots, naming.glue)
        for slot in slots:
            slot.piece_place, slot.part_place = places.get(slot.key), named.get(slot.key)

    def describe(self, point: Point) -> Description:
        """Return what a point is.

        Raises:
            ConfigError: A value cannot be assigned, or no experiment can be made of it.
        """
        pieces, parts = self._pieces.copy(), self._parts.copy()
        for slot in self._slots.values():
            effect = self._effect(slot, point)
            if slot.piece_place is not None:
                pieces[slot.piece_place] = effect.piece
            if slot.part_place is not None:
                parts[slot.part_place] = effect.part
        identity = hash_pieces(pieces)
        find = partial(self._find, point)
        name = self._naming.join(parts, identity, find, partial(self._tell_apart, point))
        return Description(point, identity, name, self, find, self._list_keys)

    def resolve(self, point: Point) -> dict[str, Any]:
        """Return the config of a point as the experiment gets it."""
        config = copy_value(self._resolved)
        for slot in self._slots.values():
            path, _ = follow_key(config, slot.key)
            holder = config
            for name in path[:-1]:
                holder = holder[name]
            holder[path[-1]] = copy_value(self._effect(slot, point).value)
        return dict(config)

    def list_late(self) -> tuple[KeyPath, ...]:
        """Return the paths of the values that only the experiment can resolve."""
        return self._late

    def _tell_apart(self, point: Point) -> list[str] | None:
        """Return the parts of a name that tell a point from the config without overrides."""
        if self._differing is None:
            return None
        found = (each if isinstance(each, str) else self._encode_change(each, point) for each in self._differing)
        return [part for part in found if part]

    @cached_property
    def _differing(self) -> list[str | _Slot] | None:
        """The parts of a name that are the same for all points, and the slots which may make others, in order."""
        baseline = self._distinction.find_baseline(self._choices)
        if baseline is None:
            return None
        self._baseline = baseline
        visible = keep_visible(self._flat, self._visibility)
        fixed = list_changes(baseline, self._distinction.show(self._composed), visible)
        chosen, values = fixed[: len(baseline.chosen)], fixed[len(baseline.chosen) :]
        parts: dict[str, str | _Slot] = {key: self._naming.encode_change(key, value) for key, value in values}
        parts.update((key, slot) for key, slot in self._slots.items() if not self._visibility.hides(key))
        return [*(self._naming.encode_change(*each) for each in chosen), *(parts[key] for key in sorted(parts))]

    def _encode_change(self, slot: _Slot, point: Point) -> str:
        """Return the part that a swept value makes; empty where it is that of the config without overrides."""
        index = point.indices[slot.dimension]
        if index not in slot.changes:
            if len(slot.changes) >= _KEPT_EFFECTS:
                slot.changes.clear()
            shown = self._effect(slot, point).shown
            differs = self._baseline.differs(slot.key, shown)
            slot.changes[index] = self._naming.encode_change(slot.key, shown) if differs else ""
        return slot.changes[index]

    def _find(self, point: Point, key: str) -> Any:
        if key in self._slots:
            return self._effect(self._slots[key], point).flat
        return find_flat(self._flat, key, self._choices)

    def _list_keys(self) -> list[str]:
        return [*self._flat, *self._choices]

    def _effect(self, slot: _Slot, point: Point) -> _Effect:
        index = point.indices[slot.dimension]
        effect = slot.effects.get(index)
        if effect is None:
            if len(slot.effects) >= _KEPT_EFFECTS:
                slot.effects.clear()
            effect = slot.effects[index] = self._work_out(slot, slot.values[index], point)
        return effect

    def _work_out(self, slot: _Slot, value: Any, point: Point) -> _Effect:
        assigned = self._assign(slot, value, point)
        settled = settle_value(assigned, slot.key)
        if self._visibility.hides(slot.key):
            return _Effect(assigned, settled, ABSENT, "", "")
        visible = settled
        if type(settled) not in _PLAIN:
            visible = keep_visible({slot.key: settled}, self._visibility)[slot.key]
        part = self._naming.encode(slot.key, visible) if slot.part_place is not None else ""
        return _Effect(assigned, settled, visible, cut_piece(slot.key, visible), part)

    def _assign(self, slot: _Slot, value: Any, point: Point) -> Any:
        """Return what a value is once it is assigned; for a plain one only its type matters, asked once for each.

        A schema may refuse one value and take another of the same type, so with one each is asked.
        """
        kind = type(value)
        plain = self._composer.schemas is None and kind in _PLAIN and (kind is not int or abs(value) <= _LARGEST_EXACT)
        if plain and kind in slot.becomes_float:
            return float(value) if slot.becomes_float[kind] else value
        assigned = find_value(compose_point(point.assign(), self._composer, is_late=self._is_late), slot.key)
        if plain:
            slot.becomes_float[kind] = type(assigned) is not kind
        return assigned


def build_template(point: Point, config: Config, tools: Tools) -> Template | None:
    """Return the template of the points that choose the same options as this one; None where each must be composed."""
    slots = list(_find_slots(point.grid))
    for slot in slots:
        slot.key = join_path(follow_key(config.composed, slot.key)[0])
    paths = [tuple(split_spelled(slot.key)) for slot in slots]
    fixed = [tuple(split_spelled(key)) for key in _list_fixed(point.grid, tools.composer)]
    alone = not any(_meet(path, other) for i, path in enumerate(paths) for other in (*paths[:i], *fixed))
    if not (
        alone
        and all(slot.key in config.flat for slot in slots)
        and all(_is_settled(slot.values) for slot in slots)
        and not any(_refers(path, text, paths) for path, text in _list_settled(config))
    ):
        return None
    return Template(config, slots, tools)


def _list_settled(config: Config) -> Iterator[tuple[_Path, str]]:
    """Yield the interpolations that the plan resolves: one that asks what only the experiment knows is just a text."""
    late = {tuple(map(spell_key, path)) for path in config.late}
    for path, text in find_texts(config.composed):
        if path not in late or not is_late(text):
            yield path, text


def _find_slots(grid: Grid) -> Iterator[_Slot]:
    for number, dimension in enumerate(grid.dimensions):
        if not dimension.chooses:
            for override, values in zip(dimension.overrides, dimension.columns, strict=True):
                if override.is_sweep:
                    yield _Slot(override.key, number, values)


def _list_fixed(grid: Grid, composer: Composer) -> Iterator[str]:
    """Yield the keys of the values that are the same in all points which choose the same options."""
    swept = {place for dimension in grid.dimensions if not dimension.chooses for place in dimension.places}
    for place, override in enumerate(grid.overrides):
        if not composer.is_group_override(override) and not (place in swept and override.is_sweep):
            yield override.key


def _is_settled(values: Sequence[Any]) -> bool:
    """Tell whether values become leaves of the config just as they are: no mapping, no interpolation."""
    others = [value for value in values if type(value) not in _PLAIN]
    return not any(isinstance(value, dict) for value in others) and not any(find_texts(others))


def _meet(path: _Path, other: _Path) -> bool:
    """Tell whether one of two paths leads to the other, or into it."""
    return all(name.strip("'") == another.strip("'") for name, another in zip(path, other, strict=False))


def _refers(path: _Path, text: str, swept: Sequence[_Path]) -> bool:
    """Tell whether the text at a path may depend on one of the swept paths."""
    rest = _CONSTANT.sub("", text)
    for dots, key in _REFERENCE.findall(rest):
        target = (*(path[: len(path) - len(dots)] if dots else ()), *key.split("."))
        if any(_meet(target, each) for each in swept):
            return True
    return "${" in _REFERENCE.sub("", rest)


def _lay_out(
    shown: Mapping[str, str], slots: Mapping[str, _Slot], glue: Callable[[Iterable[str]], str]
) -> tuple[list[str], dict[str, int]]:
    """Return texts to be joined, those between swept keys joined already, and where the swept keys have theirs."""
    texts: list[str] = []
    places: dict[str, int] = {}
    run: list[str] = []
    for key, text in shown.items():
        if key not in slots:
            run.append(text)
            continue
        texts += [glue(run)] if run else []
        run = []
        places[key] = len(texts)
        texts.append("")
    return texts + ([glue(run)] if run else []), places
