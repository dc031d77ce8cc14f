"""Laws of patterns."""

import re

import pytest

from mag.patterns import compile_lazily


def test_it_does_what_the_compiled_one_does() -> None:
    """Every method and attribute is that of the expression with its flags, of bytes as well."""
    pattern = compile_lazily(r"(?P<word>[a-z]+)", re.IGNORECASE)

    assert pattern.sub("x", "Ab 1") == re.compile(r"(?P<word>[a-z]+)", re.IGNORECASE).sub("x", "Ab 1")
    assert (pattern.pattern, pattern.groupindex["word"], pattern.groups) == (r"(?P<word>[a-z]+)", 1, 1)
    assert compile_lazily(b"a+").findall(b"aa b a") == [b"aa", b"a"]


def test_a_wrong_one_is_told_at_its_first_use() -> None:
    """Making it costs nothing, so that it is compiled, or refused, when it is used."""
    pattern = compile_lazily("(")

    with pytest.raises(re.error):
        pattern.match("")
