"""The laws of value overrides."""

import re
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.config.composition.assignment import assign_values
from mag.config.documents.reader import MAX_DEPTH
from mag.config.language.grammar import read_override
from mag.errors import OverrideError

CONFIG: dict[str, Any] = {
    "model": {"C": 1.0, "layers": [10, {"w": 0.5}], "name": "svm"},
    "seed": 1,
    "none": None,
    "open": "???",
    "ref": "${model}",
    "numbers": {1: "one"},
}


def assign(*overrides: str, config: dict[str, Any] = CONFIG) -> dict[str, Any]:
    """Apply overrides as they are typed."""
    return assign_values(config, [read_override(text) for text in overrides])


def find(config: Any, key: str) -> Any:
    """Return what is at a dotted key."""
    for name in key.split("."):
        config = config[int(name)] if isinstance(config, list) else config[name]
    return config


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("seed=2", "seed", 2),
        ("seed={a:1}", "seed", {"a": 1}),
        ("seed=???", "seed", "???"),
        ("none=x", "none", "x"),
        ("model.layers.1.w=1", "model.layers.1.w", 1.0),
        ("model.layers=[1]", "model.layers", [1]),
        ("model.name=null", "model.name", None),
        ("model=5", "model", 5),
        ("model={C:2}", "model", {"C": 2.0, "layers": [10, {"w": 0.5}], "name": "svm"}),
        ("model={}", "model", CONFIG["model"]),
        ("ref={C:2}", "ref", {"C": 2}),
        ("numbers.1=uno", "numbers", {1: "uno"}),
        ("+new=1", "new", 1),
        ("+a.b.c=1", "a", {"b": {"c": 1}}),
        ("+none=1", "none", 1),
        ("+none.x=1", "none", {"x": 1}),
        ("+open=1", "open", 1),
        ("+seed.x=1", "seed", {"x": 1}),
        ("+seed={x:1}", "seed", {"x": 1}),
        ("+model={k:1}", "model.k", 1),
        ("+model.layers.1.k=1", "model.layers.1", {"w": 0.5, "k": 1}),
        ("++seed=2", "seed", 2),
        ("++new.x=2", "new", {"x": 2}),
        ("++model={C:2,k:1}", "model.k", 1),
    ],
)
def test_an_override_puts_its_value_at_its_key(override: str, key: str, value: object) -> None:
    """`=` changes, `+` adds, `++` does either; mappings merge into mappings, the rest replaces."""
    assert find(assign(override), key) == value


@pytest.mark.parametrize(
    "override", ["~model.C", "~model.C=1.0", "~none", "~open", "~model.layers.0", "~model={C:1}", "~seed=1"]
)
def test_a_deletion_deletes(override: str) -> None:
    """`~` takes a key away, or with a value only if that is there."""
    key, _, value = override[1:].partition("=")
    if value.startswith("{"):
        with pytest.raises(OverrideError, match="type '~model' to delete it all the same"):
            assign(override)
    else:
        assert assign(override) != CONFIG
        assert assign("+x=1", "~x") == CONFIG
        assert len(str(assign(f"~{key}"))) < len(str(CONFIG))


@given(st.integers(-(10**15), 10**15))
def test_an_integer_for_a_float_is_that_float(value: int) -> None:
    """`C=1` and `C=1.0` are the same experiment where the default is a float, and nowhere else."""
    assert repr(assign(f"model.C={value}")["model"]["C"]) == repr(float(value))
    assert repr(assign(f"seed={value}")["seed"]) == repr(value)


@pytest.mark.parametrize("value", [2**53 + 1, 10**400])
def test_an_integer_that_no_float_equals_stays(value: int) -> None:
    """No digit is lost on the way to a float."""
    assert assign(f"model.C={value}")["model"]["C"] == value


def test_overrides_apply_in_order() -> None:
    """Each override meets what the ones before it left."""
    assert assign("seed=2", "seed=3", "~seed", "+seed=4")["seed"] == 4


def test_the_config_and_the_override_stay_as_they_are() -> None:
    """Nothing that was passed in is shared with what comes out."""
    before = repr(CONFIG)
    override = read_override("+x=[[1]]")
    first = assign_values(CONFIG, [override])
    first["x"][0].append(2)
    first["model"]["layers"].append(3)
    assert assign_values(CONFIG, [override])["x"] == [[1]]
    assert repr(CONFIG) == before


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("sed=2", "there is no key sed, did you mean seed? to add it type +sed=2"),
        ("C=2", "there is no key C, did you mean model.C? to add it type +C=2"),
        ("zzzzzz=2", "at the top there are: model, seed, none, open, ref, numbers; to add it type +zzzzzz=2"),
        ("model={x:1}", "there is no key model.x, model has: C, layers, name; type '+model={x:1}' to add it"),
        ("seed.x=1", "seed is 1, which is no mapping; to make it one type +seed.x=1"),
        ("none.x=1", "none is null, which is no mapping; to make it one type +none.x=1"),
        ("+seed=2", "seed is there already (1); type seed=2 to change it"),
        ("model=[1]", "model is a mapping, which a list cannot replace; type '~model' '+model=[1]' to delete it first"),
        ("model={layers:{a:1}}", "type '~model.layers' '+model.layers={a:1}' to delete it first"),
        (
            "model.layers.2=1",
            "model.layers is a list of 2 without an element 2; type 'model.layers=[10,{w:0.5},1]' to replace it",
        ),
        ("+model.layers.2=1", "model.layers is a list of 2 without an element 2"),
        ("++model.layers.x.y=1", "model.layers is a list of 2 without an element x"),
        ("ref.C=1", "ref is ${model}, so there is nothing of its own to change; change model.C instead"),
        ("~sed", "there is no key sed, did you mean seed?"),
        ("~seed.x", "seed is 1, which is no mapping"),
        ("~seed=2", "seed is 1; type '~seed' to delete it all the same"),
        ("=5", "a key is missing before '='; type one, as in seed=5"),
        ("++=5", "a key is missing before '='; type one, as in ++seed=5"),
        ("~", "a key is missing after '~'; type one, as in ~seed"),
        ("+" + ".".join("a" * (MAX_DEPTH + 1)) + "=1", f"the key is nested deeper than {MAX_DEPTH} levels"),
    ],
)
def test_what_cannot_be_assigned_is_refused(override: str, message: str) -> None:
    """The error says what is there, and what to type instead."""
    with pytest.raises(OverrideError, match=re.escape(message)) as caught:
        assign(override)
    advice = re.search(r"(?:type|as in) (?!one)(.+?)(?: to (?:change|add|delete|replace).*)?$", str(caught.value))
    if advice and "..." not in advice[1]:
        assign(*shlex.split(advice[1]))


@given(st.permutations(["a=5", "b.c=x", "b.d=[1]", "+e.f=1", "++g=2", "~h"]))
def test_unrelated_overrides_may_stand_in_any_order(texts: list[str]) -> None:
    """The order of overrides of different keys changes nothing but the order of what they add."""
    config = {"a": 1, "b": {"c": 1, "d": [2]}, "h": 3}
    changed = assign_values(config, [read_override(text) for text in texts])
    assert changed == {"a": 5, "b": {"c": "x", "d": [1]}, "e": {"f": 1}, "g": 2}


@pytest.mark.parametrize(
    ("config", "texts", "assigned"),
    [
        ({"m": {1: "a", "1": "b"}}, ["m.1=x"], {"m": {1: "x", "1": "b"}}),
        ({"m": {1: "a", "1": "b"}}, ["m.'1'=x"], {"m": {1: "a", "1": "x"}}),
        ({"m": {"1": "b"}}, ["m.1=x", "+m.2=y"], {"m": {"1": "x", "2": "y"}}),
        ({"m": {True: 0, 0.5: 0}}, ["m.true=1", r"m.0\.5=2"], {"m": {True: 1, 0.5: 2}}),
        ({"m": {0: 1.0}}, ["+m.1=2", "+m.'1'=3"], {"m": {0: 1.0, 1: 2, "1": 3}}),
        ({"m": {1: "a"}}, ["m.true=x"], None),
        ({"k": {"a.b": 1}}, ["k.a.b=2", r"~k.a\.b", r"+k.a\.b.c=3"], {"k": {"a.b": {"c": 3}}}),
        ({"k": {"a.b": 1, "a": {"b": 2}}}, ["k.a.b=3", r"k.a\.b=4"], {"k": {"a.b": 4, "a": {"b": 3}}}),
        ({"k": {"a.b": {"c": 1}}}, ["+k.a.b.d=2"], {"k": {"a.b": {"c": 1, "d": 2}}}),
        ({"2nd": True, "p": {"20s": {"k": 1}}}, ["2nd=false", "p.20s.k=5"], {"2nd": False, "p": {"20s": {"k": 5}}}),
    ],
)
def test_a_key_means_what_is_there(config: dict[str, Any], texts: list[str], assigned: dict[str, Any] | None) -> None:
    """Of its own type, with dots of its own, beginning with a digit; a new one is like those beside it."""
    overrides = [read_override(text) for text in texts]
    if assigned is None:
        with pytest.raises(OverrideError, match="there is no key"):
            assign_values(config, overrides)
    else:
        assert repr(assign_values(config, overrides)) == repr(assigned)
