"""The laws of suggestions."""

from hypothesis import example, given
from hypothesis import strategies as st

from mag.suggestion import list_names, name_nearest


@given(st.lists(st.text(min_size=1), min_size=1))
@example(["."])
def test_a_known_name_is_nearest_to_itself(names: list[str]) -> None:
    """Nothing is nearer than the name itself, unless another ends in it."""
    near = name_nearest(names[0], names)
    assert near == names[0] or str(near).endswith((f".{names[0]}", f"/{names[0]}"))


def test_a_last_part_names_the_whole() -> None:
    """Who types `lr` means `optimizer.lr`."""
    assert name_nearest("lr", ["l", "optimizer.lr"]) == "optimizer.lr"


def test_long_lists_are_cut() -> None:
    """A message stays readable where there are very many names."""
    assert list_names(map(str, range(22))).endswith("18, 19 and 2 more")
