"""Laws of patterns."""

import re
import subprocess
import sys

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


def test_libraries_are_imported_with_theirs_uncompiled() -> None:
    """What is imported meanwhile works, PyYAML's parser in Python too, and `re` is what it was afterwards."""
    code = (
        "import re\n"
        "from mag.patterns import compiling_lazily\n"
        "with compiling_lazily(): import yaml\n"
        "print(type(yaml.reader.Reader.NON_PRINTABLE).__name__, type(re.compile('a')).__name__)\n"
        "print(yaml.load('{a: [1e-3, .inf, 2001-01-01, no, 0x1f]}', yaml.SafeLoader))\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.splitlines() == [
        "_Pattern Pattern",
        "{'a': ['1e-3', inf, datetime.date(2001, 1, 1), False, 31]}",
    ]
