"""Every sentence that mag can say, in a row: `python tests/test_messages.py` writes `golden/messages.txt` anew."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "mag"
GOLDEN = Path(__file__).parent / "golden" / "messages.txt"
FEWEST_WORDS = 4


def test_every_sentence_is_in_the_list() -> None:
    """No sentence changes unseen: write the list anew, and read the difference as a user would."""
    assert list_messages() == GOLDEN.read_text(encoding="utf-8")


def list_messages() -> str:
    """Return the sentences by module, each once, in the order of the source; `{...}` stands for what varies."""
    sections = []
    for file in sorted(PACKAGE.rglob("*.py")):
        found = dict.fromkeys(_list_sentences(ast.parse(file.read_text(encoding="utf-8"))))
        if found:
            name = ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
            sections.append("\n".join([name, *(f"    {text}" for text in found), ""]))
    return "\n".join(sections)


def _list_sentences(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue  # a docstring
        if isinstance(child, ast.JoinedStr | ast.Constant) and not isinstance(node, ast.JoinedStr):
            text = _read(child).strip()
            if len(text.split()) >= FEWEST_WORDS and "\n\n" not in text and " | " not in text:  # no help, no types
                yield text.replace("\n", "\\n")
        yield from _list_sentences(child)


def _read(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_read, node.values))
    value = getattr(node, "value", None)
    return f"{{{value.id}}}" if isinstance(value, ast.Name) else "{...}"


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(list_messages(), encoding="utf-8")
