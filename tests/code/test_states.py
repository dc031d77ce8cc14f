"""The table of states: whatever state a work tree is in, its code comes back byte for byte, and nothing is touched."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mag.code.checkouts import check_out, read_code
from mag.code.commit import read_commit
from mag.code.omissions import Rules
from mag.code.repository import Repository
from tests.conftest import Git

State = Callable[[Path, Git], None]


def modified(code: Path, git: Git) -> None:
    """Changed, deleted, new, executable."""
    (code / "train.py").write_bytes(b"x = 2\r\n\0")
    (code / "old.py").unlink()
    (code / "new").mkdir()
    (code / "new" / "run.sh").touch(mode=0o755)
    git("stash", "list")


def staged(code: Path, git: Git) -> None:
    """Staged, and changed once more; one only intended to be added."""
    (code / "train.py").write_text("x = 2\n")
    git("add", "train.py")
    (code / "train.py").write_text("x = 3\n")
    (code / "later.py").write_text("y = 1\n")
    git("add", "-N", "later.py")


def renamed(code: Path, git: Git) -> None:
    """Renamed, one of them in its case only."""
    git("mv", "old.py", "renamed.py")
    git("mv", "train.py", "Train.py")
    assert not (code / "train.py").exists()


def split_index(code: Path, git: Git) -> None:
    """An index in two files."""
    git("update-index", "--split-index")
    (code / "train.py").write_text("x = 2\n")
    git("add", "train.py")


def sparse_index(code: Path, git: Git) -> None:
    """A sparse checkout, whose index names a directory in place of its files."""
    for folder in ("in", "out"):
        (code / folder).mkdir()
        (code / folder / "a.py").write_text(f"{folder} = 1\n")
    git("add", ".")
    git("commit", "-q", "-m", "folders")
    git("sparse-checkout", "set", "--cone", "--sparse-index", "in")
    (code / "in" / "a.py").write_text("y = 2\n")


def detached(code: Path, git: Git) -> None:
    """No branch, and a stash."""
    (code / "old.py").write_text("old = 2\n")
    git("stash", "-q")
    git("checkout", "-q", "--detach")
    (code / "train.py").write_text("x = 2\n")


def unmerged(code: Path, git: Git) -> None:
    """A merge with a conflict."""
    git("checkout", "-q", "-b", "other")
    (code / "train.py").write_text("x = 'theirs'\n")
    git("commit", "-q", "-a", "-m", "theirs")
    git("checkout", "-q", "main")
    (code / "train.py").write_text("x = 'ours'\n")
    git("commit", "-q", "-a", "-m", "ours")
    git("merge", "-q", "other", check=False)


def unborn(code: Path, git: Git) -> None:
    """No commit yet."""
    shutil.rmtree(code / ".git")
    git("init", "-q", "-b", "main")
    git("add", "old.py")


def worktree_elsewhere(code: Path, git: Git) -> None:
    """A git directory outside of the work tree."""
    git("init", "-q", "--separate-git-dir", str(code.parent / "separate.git"))
    (code / "train.py").write_text("x = 2\n")


def nested(code: Path, git: Git) -> None:
    """A repository in it that is no submodule."""
    (code / "inner").mkdir()
    git("init", "-q", folder=code / "inner")
    (code / "inner" / "a.py").touch()
    (code / "new.py").touch()


def odd_names(code: Path, git: Git) -> None:
    """Names with line ends, quotes and bytes that are no UTF-8, and links."""
    for name in ("a\nb.py", 'q".py', "\udcff.py", "-x", ":(top)y", " z ", "\\n.py"):
        (code / name).write_text(name.encode("utf-8", "surrogateescape").hex())
    git("add", "--all", "--", "./a\nb.py")
    (code / "link").symlink_to("train.py")
    (code / "broken").symlink_to("/no/such/place")
    (code / "folder").symlink_to(".")


def not_looked_at(code: Path, git: Git) -> None:
    """Edits that git was told not to look at, and a mode that it does not."""
    git("update-index", "--assume-unchanged", "train.py")
    git("update-index", "--skip-worktree", "old.py")
    git("config", "core.fileMode", "false")
    (code / "train.py").write_text("x = 2\n")
    (code / "old.py").write_text("old = 2\n")
    (code / "old.py").chmod(0o755)


def converted(code: Path, git: Git) -> None:
    """Line ends, `$Id$`, encodings and filters, in committed files and in changed ones."""
    git("config", "core.autocrlf", "true")
    git("config", "filter.upper.clean", "tr a-z A-Z")
    git("config", "filter.upper.smudge", "tr A-Z a-z")
    (code / ".gitattributes").write_text(
        "*.crlf text eol=crlf\n*.id ident\n*.up filter=upper\n*.wide text working-tree-encoding=UTF-16LE\n"
    )
    for name in ("a.crlf", "b.id", "c.up", "d.txt", "e.wide"):
        text = "Mixed $Id: old $\nlines\r\n" if name == "d.txt" else "Mixed $Id: old $\nlines\n"
        (code / name).write_bytes(text.encode("utf-16-le" if name == "e.wide" else "utf-8"))
    git("add", ".")
    git("commit", "-q", "-m", "converted")
    (code / "c.up").write_text("Changed\n")


def large_of_filter(code: Path, git: Git) -> None:
    """A large file of which git keeps a pointer: left out, and said so."""
    git("config", "filter.pointer.clean", "sha1sum")
    git("config", "filter.pointer.smudge", "cat")
    (code / ".gitattributes").write_text("*.bin filter=pointer\n")
    (code / "data.bin").write_bytes(b"x" * 5000)
    git("add", ".")
    git("commit", "-q", "-m", "data")


def submodules(code: Path, git: Git) -> None:
    """One clean, one changed, one at another commit."""
    library = code.parent / "library"
    library.mkdir()
    git("init", "-q", "-b", "main", folder=library)
    (library / "lib.py").write_text("y = 1\n")
    git("add", ".", folder=library)
    git("commit", "-q", "-m", "lib", folder=library)
    for name in ("clean", "dirty", "ahead"):
        git("submodule", "--quiet", "add", str(library), name)
    git("commit", "-q", "-m", "with libraries")
    (code / "dirty" / "lib.py").write_text("y = 2\n")
    (code / "ahead" / "lib.py").write_text("y = 3\n")
    git("commit", "-q", "-a", "-m", "ahead", folder=code / "ahead")


def environments(code: Path, git: Git) -> None:
    """A virtual environment, caches and experiments that nobody ignores."""
    names = ("venv/pyvenv.cfg", "venv/lib/a.py", "pkg/__pycache__/a.pyc", "pkg/a.py", "1/.mag/record.json", "1/x.py")
    for name in names:
        (code / name).parent.mkdir(parents=True, exist_ok=True)
        (code / name).write_text("1")
    git("status")


STATES: tuple[State, ...] = (
    *(modified, staged, renamed, split_index, sparse_index, detached, unmerged, unborn, worktree_elsewhere, nested),
    *(odd_names, not_looked_at, converted, large_of_filter, submodules, environments),
)
NO_CODE = {"venv", "__pycache__", "1", "inner"}


def read_files(top: Path, left_out: set[str]) -> dict[str, tuple[bytes, bool]]:
    """Return what an experiment reads: bytes and modes of all files that are code, where links lead."""
    found = {}
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if name != ".git" and name not in NO_CODE]
        for path in (Path(folder, name) for name in [*names, *folders]):
            inside = str(path.relative_to(top))
            if path.is_symlink():
                found[inside] = (os.fsencode(os.readlink(path)), False)
            elif path.is_file() and path.name != ".git" and inside not in left_out:
                found[inside] = (path.read_bytes(), os.access(path, os.X_OK))
    return found


def read_facts(code: Path, git: Git) -> list[bytes | str]:
    """Return what must stay as it is: the index, HEAD, branches, stash, and what git says of the tree."""
    folder = Path(git("rev-parse", "--absolute-git-dir"))
    words = (["symbolic-ref", "-q", "HEAD"], ["for-each-ref", "refs/heads", "refs/stash"], ["stash", "list"])
    indexes = [path.read_bytes() for path in sorted(folder.rglob("index")) + sorted(folder.glob("sharedindex.*"))]
    return [*indexes, *(git(*each, check=False) for each in words), *sorted(os.listdir(code))]


@pytest.mark.parametrize("state", STATES, ids=lambda state: str(getattr(state, "__name__", "")))
def test_what_ran_comes_back(state: State, code: Path, git: Git, tmp_path: Path) -> None:
    """After edits, commits and garbage collection it is back in a checkout, or its absence has a reason."""
    state(code, git)
    before = read_facts(code, git)
    commit = read_commit(code, store=tmp_path / "runs", rules=Rules(largest=4000))
    left_out = {one["path"] for one in commit["not_captured"]}
    seen = read_files(code, left_out)
    assert read_facts(code, git) == before
    assert commit["not_captured"] == [] or state in {nested, large_of_filter, environments}

    for name in ("train.py", "Train.py", "old.py"):
        (code / name).unlink(missing_ok=True)
    git("add", "--all", check=False)
    git("commit", "-q", "-m", "everything else", check=False)
    git("reflog", "expire", "--expire=now", "--all")
    git("gc", "-q", "--prune=now")
    with Repository(code) as repository:
        missing = check_out(repository, str(read_code(commit)), tmp_path / "back" / "code")

    back = read_files(tmp_path / "back" / "code", left_out)
    outside = {path: back.pop(path) for path in list(back) if path not in seen}
    assert back == seen
    assert missing == []
    assert set(outside) <= ({"out/a.py"} if state is sparse_index else set())  # outside of the sparse checkout
