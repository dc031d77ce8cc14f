"""Laws of the view: every text stands for itself."""

from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from mag.config.view import make_view

TEXTS = st.one_of(st.text(), st.text("\\${}a:,.' x")).filter(lambda text: text != "???")
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1), PLAIN, max_size=3))
def test_a_view_is_the_config(plain: dict[str, object]) -> None:
    """Whatever the texts look like, what is read is what is in the config."""
    assert OmegaConf.to_container(make_view(plain), resolve=True) == plain
