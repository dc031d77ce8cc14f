"""Laws of masking in config files."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mag.code.masking import holds_config, mask_text
from mag.config.secrets import MASK

PLAIN = st.text("abcdefgh ", min_size=1, max_size=8).map(str.strip).filter(bool)
TREES = st.recursive(
    PLAIN | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "lr"]), inner, max_size=3),
    max_leaves=8,
)


@given(TREES, st.booleans())
def test_harmless_files_stay(tree: object, flow: bool) -> None:
    """Without a secret-looking key not a character is changed."""
    text = yaml.safe_dump({"config": tree}, default_flow_style=flow)

    assert mask_text(text) == text


@given(TREES, st.booleans())
def test_no_secret_is_left(tree: object, flow: bool) -> None:
    """Whatever surrounds a secret, its value is gone."""
    text = yaml.safe_dump(
        {"a": [tree, {"password": "Xq1"}], "api_key": ["Xq2", {"x": "Xq3"}], "b": tree}, default_flow_style=flow
    )

    assert "Xq" not in mask_text(text).replace(MASK, "")


def test_a_value_that_goes_on_further_left() -> None:
    """Brackets that are opened in the middle of a line are masked until they are closed."""
    text = "{a: [1,\n        2], api_key: [Xq2, {\n      x: Xq3}],\n  lr: 1}\n"

    assert mask_text(text) == '{a: [1,\n        2], api_key: "***"\n      x: "***"\n  lr: 1}\n'


@pytest.mark.parametrize("harmless", ["null", "true", "${oc.env:TOKEN}", '"${oc.env:TOKEN}"', "???", "''", ""])
def test_references_stay(harmless: str) -> None:
    """What reveals nothing stays, so that the file means what it meant."""
    assert mask_text(f"token: {harmless}\nlr: 1\n") == f"token: {harmless}\nlr: 1\n"


def test_only_config_files_are_read() -> None:
    """Code and large files are left alone."""
    assert [holds_config(name, 10) for name in ("a.yaml", "b/C.YML", "x.toml", "x.py")] == [True, True, True, False]
    assert not holds_config("a.yaml", 2 << 20)
