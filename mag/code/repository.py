"""A git repository, asked through GitPython with everything off that could run a program of the repository's own.

Hooks, file-system monitors, external diff drivers and text conversions of a repository never run here, nor what a
partial clone would fetch missing objects with while something is only looked at. What git tells its hooks of the
repository that it works in (`GIT_DIR`, `GIT_INDEX_FILE` and the like) is left aside: it is about another command.
"""

import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from mag.code.location import Location, find_plain
from mag.errors import RepositoryError
from mag.patterns import compile_lazily

_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_ALLOW_PROTOCOL": "none"}
TRANSFER = {"GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh"}
"""Variables for a command that may fetch; any other must not, since a partial clone names the program that it does."""
LEFT_ASIDE = (
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH", "GIT_IMPLICIT_WORK_TREE", "GIT_PREFIX"),
    *("GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_NO_REPLACE_OBJECTS", "GIT_EXTERNAL_DIFF"),
    *("GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_DEFAULT_HASH"),
    *("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"),
)
"""Environment variables that are about the repository of whoever started mag, a git hook, say."""
_SAFE = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    "core.splitIndex=false",
    "core.quotePath=false",
    "diff.external=",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
)
_OPTIONS = [word for setting in _SAFE for word in ("-c", setting)]
_CREDENTIALS = compile_lazily(r"([a-z][a-z0-9+.-]*://)[^/@\s]*@", re.IGNORECASE)
_REMOTE = compile_lazily(r"remote\.(.+)\.url")
_EXACT = "* -text !eol !crlf !ident !filter !working-tree-encoding\n"
_LAYOUT = "[core]\nrepositoryformatversion = 1\nbare = false\nfileMode = true\nsymlinks = true\nignoreCase = false\n"


class Repository:
    """A repository with a work tree.

    Raises:
        RepositoryError: There is none, or git cannot or will not open it.
    """

    def __init__(self, directory: str | Path) -> None:
        place = Path(os.path.abspath(directory))
        if not place.is_dir() or not _may_be_repository(place):
            raise RepositoryError("not in a git repository")
        self.top = place
        self.git_dir, self.common_dir, self.top = find_plain(place) or self.locate()

    def locate(self) -> Location:
        """Ask git where it is.

        Raises:
            RepositoryError: Git cannot or will not open it.
        """
        words = ("--absolute-git-dir", "--git-common-dir", "--is-inside-work-tree", "--show-toplevel")
        status, answer, said = _run_git(self.top, (), ["rev-parse", *words], {}, None)
        if status:
            raise RepositoryError(_explain_refusal(said))
        git_dir, common_dir, _, top = answer.decode("utf-8", "surrogateescape").split("\n", 3)
        common = os.path.normpath(self.top / common_dir)
        return Location(Path(git_dir), Path(common), Path(top.removesuffix("\n")))

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Make an empty repository and open it."""
        folder.mkdir(parents=True, exist_ok=True)
        status, _, said = _run_git(folder, (), ["init", "--quiet", "--template=", "."], {}, None)
        if status:
            raise RepositoryError(said.partition("\n")[0])
        return cls(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it; no process of git outlives its command."""

    def run(
        self,
        *words: str,
        env: Mapping[str, str] | None = None,
        lines: Iterable[str] | None = None,
        seconds: float | None = None,
        expect: int = 0,
    ) -> str:
        r"""Run one git command at the top of the work tree, and return what it printed.

        Raises:
            RepositoryError: It failed; the message is its own first line.
        """
        data = [] if lines is None else (f"{line}\0".encode("utf-8", "surrogateescape") for line in lines)
        told = self.run_on(data, *words, env=env, seconds=seconds, expect=expect)
        return told.decode("utf-8", "surrogateescape")

    def run_on(
        self,
        data: Iterable[bytes],
        *words: str,
        env: Mapping[str, str] | None = None,
        seconds: float | None = None,
        expect: int = 0,
    ) -> bytes:
        """Run one git command with `data` as its input, and return the bytes that it printed.

        Raises:
            RepositoryError: It failed; the message is its own first line.
        """
        status, told, said = _run_git(self.top, data, words, dict(env or {}), seconds)
        if not 0 <= status <= expect:
            lines = remove_credentials(said).strip().splitlines()
            raise RepositoryError(lines[0].removeprefix("fatal: ") if lines else f"git {words[0]} ended with {status}")
        return told

    def start(self, *words: str) -> Callable[[], str]:
        """Start a git command, and return what waits for it and returns what it printed: two take hardly more than one.

        Raises:
            RepositoryError: Only when it is waited for.
        """
        outcome: list[str | RepositoryError] = []

        def act() -> None:
            """Do the work, and keep its result or error."""
            try:
                outcome.append(self.run(*words))
            except RepositoryError as error:
                outcome.append(error)

        thread = threading.Thread(target=act, daemon=True)
        thread.start()

        def wait() -> str:
            """Return the result when it is there."""
            thread.join()
            (told,) = outcome
            if isinstance(told, RepositoryError):
                raise told
            return told

        return wait

    def ask_config(self) -> Callable[[], None]:
        """Begin to read the settings, and return what waits for them."""
        wait = self.start("config", "--list", "-z")

        def keep() -> None:
            """Keep the settings that git has listed."""
            self.config = self._parse_config(wait())

        return keep

    @cached_property
    def config(self) -> dict[str, str]:
        """Git's settings here: section and key in small letters, the last value of each."""
        return self._parse_config(self.run("config", "--list", "-z"))

    @staticmethod
    def _parse_config(text: str) -> dict[str, str]:
        listed = text.split("\0")
        pairs = (entry.partition("\n") for entry in listed if entry)
        return {key: value if equals else "true" for key, equals, value in pairs}

    def read_ref(self, name: str) -> str | None:
        """Return the commit that a ref or other name means; None if there is none here."""
        try:
            return self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
        except RepositoryError:
            return None

    def read_branch(self) -> str | None:
        """Return the branch; None where HEAD is detached."""
        try:
            return self.run("symbolic-ref", "--quiet", "--short", "HEAD").strip()
        except RepositoryError:
            return None

    def read_remote(self) -> str | None:
        """Return the address of `origin`, or else of the first remote, without credentials."""
        remotes = {found[1]: url for key, url in self.config.items() if (found := _REMOTE.fullmatch(key))}
        url = remotes.get("origin") or next(iter(remotes.values()), None)
        return remove_credentials(url) if url else None

    @contextmanager
    def convert_nothing(self, work_tree: Path, index: Path) -> Iterator[dict[str, str]]:
        """Lend variables for commands that take files as they are: no line end, `$Id$` or filter changes a byte.

        They belong to a repository made for the purpose, whose attributes come before all others, and that has the
        objects of this one.
        """
        with tempfile.TemporaryDirectory(prefix="mag-") as scratch:
            for folder in ("info", "refs"):
                os.mkdir(f"{scratch}/{folder}")
            Path(scratch, "HEAD").write_text("ref: refs/heads/none\n", encoding="utf-8")
            Path(scratch, "info", "attributes").write_text(_EXACT, encoding="utf-8")
            format_ = self.config.get("extensions.objectformat", "sha1")
            Path(scratch, "config").write_text(f"{_LAYOUT}[extensions]\nobjectFormat = {format_}\n", encoding="utf-8")
            for shared in self.git_dir.glob("sharedindex.*"):
                shutil.copy2(shared, scratch)
            yield {
                "GIT_DIR": scratch,
                "GIT_OBJECT_DIRECTORY": str(self.common_dir / "objects"),
                "GIT_WORK_TREE": str(work_tree),
                "GIT_INDEX_FILE": str(index),
            }


def _run_git(
    folder: Path, data: Iterable[bytes], words: Sequence[str], env: dict[str, str], seconds: float | None
) -> tuple[int, bytes, str]:
    """Return the exit status of a git command, what it printed and what it said."""
    try:
        import git  # noqa: PLC0415  (costs 70 ms, and is needed once a command)
    except ImportError:
        raise RepositoryError("git is not installed") from None
    aside = [word for name in LEFT_ASIDE if name in os.environ and name not in env for word in ("-u", name)]
    program = [*(["env", *aside] if aside else []), git.Git.GIT_PYTHON_GIT_EXECUTABLE or "git"]
    try:
        with tempfile.TemporaryFile() as file:
            file.writelines(data)
            file.seek(0)
            status, told, said = git.Git(folder).execute(
                [*program, *_OPTIONS, *words],
                istream=file,
                env=_QUIET | env,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
                kill_after_timeout=seconds,
            )
    except git.GitCommandNotFound:
        raise RepositoryError("git is not installed") from None
    except (git.GitError, OSError, ValueError) as error:
        raise RepositoryError(remove_credentials(str(error)).partition("\n")[0]) from error
    return int(status), bytes(told), str(said)


def _may_be_repository(directory: Path) -> bool:
    """Tell, without the cost of asking git, whether a directory or one above has anything of a repository."""
    return any(os.path.lexists(folder / ".git") for folder in (directory, *directory.parents)) or any(
        (folder / "HEAD").exists() for folder in (directory, *directory.parents)
    )


def _explain_refusal(said: str) -> str:
    """Return why git does not open a repository, in its own words, with the command that helps if it names one."""
    if "not a git repository" in said:
        return "not in a git repository"
    if "must be run in a work tree" in said:
        return "the repository has no work tree"
    first = said.partition("\n")[0].removeprefix("fatal: ")
    helps = next((line.strip() for line in said.splitlines() if line.strip().startswith("git config ")), None)
    return f"git refuses the repository, {first}" + (f": `{helps}` allows it" if helps else "")


def remove_credentials(text: str) -> str:
    """Return a remote's address without user name, password or token.

    >>> remove_credentials("https://me:hunter2@example.org/x.git")
    'https://example.org/x.git'
    >>> remove_credentials("git@example.org:x.git")
    'git@example.org:x.git'
    """
    return _CREDENTIALS.sub(r"\1", text)
