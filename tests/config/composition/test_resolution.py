"""The laws of what is resolved while planning, and of what waits for the experiment."""

import itertools
from importlib.metadata import version
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mag.config.composition.interpolation import resolve
from mag.config.composition.resolution import resolve_known

register_resolver = OmegaConf.register_resolver if version("omegaconf") >= "2.4" else OmegaConf.register_new_resolver
LATE = ["${now:%Y}", "${hydra:runtime.cwd}", "${hydra:job.num}", "${mag:seed}", "x-${mag:directory}/y", "???"]


@pytest.mark.parametrize("text", LATE)
def test_what_only_the_experiment_knows_stays_text(text: str) -> None:
    """And so does whatever refers to it, at whatever distance, each as it was written."""
    config = {"a": text, "b": "${a}", "c": {"d": "${..b}-1"}, "e": "${c}", "f": "${g}", "g": 3}
    found = resolve_known(config)
    assert found.config == {**config, "f": 3}
    assert list(found.late) == [("a",), ("b",), ("c", "d"), ("e",)]
    assert not found.unknown


def test_what_the_plan_knows_is_resolved() -> None:
    """A whole text becomes the value, a part of one its text; what is not known stays."""
    known = {"hydra": {"runtime": {"choices": {"model": "svm", "db/engine": "x"}}, "job": {"name": "train"}}}
    config = {
        "a": "${hydra:runtime.choices.model}",
        "b": "${hydra:job.name}-${hydra:runtime.choices.db/engine}",
        "c": "${hydra:runtime.choices}",
        "d": "${hydra:runtime.cwd}",
        "e": "${a}!",
    }
    found = resolve_known(config, known)
    choices = {"model": "svm", "db/engine": "x"}
    assert found.config == {"a": "svm", "b": "train-x", "c": choices, "d": config["d"], "e": "svm!"}


@pytest.mark.parametrize("text", ["${nothing}", "${oc.env:MAG_NOT_SET}", "${unheard.of:1}", "${oc.decode:${nothing}}"])
def test_what_leads_nowhere_stays_text_and_is_told(text: str) -> None:
    """It is for the caller to say whether it stops anything."""
    found = resolve_known({"a": text, "b": 1, "c": "${b}"})
    assert found.config == {"a": text, "b": 1, "c": 1}
    assert text in str(found.unknown["a",])


def test_a_resolver_with_two_answers_stays_text() -> None:
    """So the identity is the same in the next command."""
    answers = itertools.count()
    register_resolver("mag_test_count", lambda: next(answers))
    register_resolver("mag_test_same", lambda: 7)
    found = resolve_known({"a": "${mag_test_count:}", "b": "${mag_test_same:}", "c": "${a}"})
    assert found.config == {"a": "${mag_test_count:}", "b": 7, "c": "${a}"}
    assert found.fickle == (("a",), ("c",))
    OmegaConf.clear_resolver("mag_test_count")
    OmegaConf.clear_resolver("mag_test_same")


def test_a_copy_of_what_holds_late_values_is_late_itself() -> None:
    """A relative reference would mean something else at another place."""
    config = {"a": {"x": "${now:}", "y": "${.x}"}, "b": "${a}", "c": ["${a.y}", {1: "${now:}"}]}
    assert resolve_known(config).config == config


@given(
    st.dictionaries(
        st.sampled_from("abcd"),
        st.sampled_from(["${a}", "${b}", "x${c}", "${d.k}", "$\\{a}", "\\${a}", "${oc.decode:'[1,${a}]'}"])
        | st.integers(),
    )
)
def test_where_all_is_known_it_is_the_strict_form(config: dict[str, Any]) -> None:
    """And where the strict form refuses, something is unknown."""
    found = resolve_known(config)
    if not found.late:
        assert found.config == resolve(config)
    else:
        assert found.unknown
