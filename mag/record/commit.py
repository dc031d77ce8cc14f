"""The code record: which commit ran, and whether the tree differed from it. Asked once a command.

Only git itself is run, with its hooks and file-system monitor off and no optional lock taken: nothing in the
repository changes.
"""

import os
import re
from pathlib import Path
from typing import Any

_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_SAFE = ["core.fsmonitor=false", f"core.hooksPath={os.devnull}"]
_CREDENTIALS = re.compile(r"^([a-z][a-z0-9+.-]*://)[^/@]*@", re.IGNORECASE)


def read_commit(directory: Path, *, ignore: Path | None = None) -> dict[str, Any]:
    """Return the commit that the code in `directory` is at.

    Args:
        directory: Somewhere in a work tree.
        ignore: What does not make the tree dirty: the experiments' own directory.

    Returns:
        `hash`, `branch` (None where HEAD is detached), `dirty` (changes to tracked files, or files that git neither
        tracks nor ignores) and `remote` (without credentials). Where there is no commit to name, `hash` is None and
        `reason` says why.
    """
    try:
        import git  # noqa: PLC0415  (costs 70 ms, and is needed once a command)
    except ImportError:
        return {"hash": None, "reason": "git is not installed"}
    try:
        repository = git.Repo(directory, search_parent_directories=True)
    except git.InvalidGitRepositoryError:
        return {"hash": None, "reason": "not in a git repository"}
    except (git.GitError, OSError) as error:
        return {"hash": None, "reason": f"the repository cannot be opened: {_first_line(error)}"}
    try:
        return _ask(repository, ignore)
    except git.GitCommandNotFound:
        return {"hash": None, "reason": "git is not installed"}
    except (git.GitError, OSError, ValueError) as error:
        return {"hash": None, "reason": f"git did not answer: {_first_line(error)}"}
    finally:
        repository.close()


def _ask(repository: Any, ignore: Path | None) -> dict[str, Any]:
    top = repository.working_tree_dir
    if top is None:
        return {"hash": None, "reason": "the repository has no work tree"}
    pathspec = [":/"]
    if ignore is not None and ignore.resolve().is_relative_to(top) and ignore.resolve() != Path(top):
        pathspec.append(f":(top,exclude,literal){ignore.resolve().relative_to(top)}")
    status = repository.git(c=_SAFE).status(
        "--porcelain=v2", "--branch", "--untracked-files=normal", "--", *pathspec, env=_QUIET
    )
    lines = status.splitlines()
    about = {words[1]: words[2] for line in lines if line.startswith("# ") and len(words := line.split(" ", 2)) > 2}  # noqa: PLR2004
    dirty = any(not line.startswith("#") for line in lines)
    branch = about.get("branch.head", "(detached)")
    facts = {
        "branch": None if branch == "(detached)" else branch,
        "dirty": dirty,
        "remote": _read_remote(repository),
    }
    if about.get("branch.oid", "(initial)") == "(initial)":
        return {"hash": None, "reason": "the repository has no commit yet", **facts}
    return {"hash": about["branch.oid"], **facts}


def _read_remote(repository: Any) -> str | None:
    urls = repository.git.config("--get-regexp", r"^remote\..*\.url$", with_exceptions=False, env=_QUIET).splitlines()
    remotes = dict(line.split(" ", 1) for line in urls if " " in line)
    url = remotes.get("remote.origin.url") or next(iter(remotes.values()), None)
    return remove_credentials(url) if url else None


def remove_credentials(url: str) -> str:
    """Return a remote's address without user name, password or token.

    >>> remove_credentials("https://me:hunter2@example.org/x.git")
    'https://example.org/x.git'
    >>> remove_credentials("git@example.org:x.git")
    'git@example.org:x.git'
    """
    return _CREDENTIALS.sub(r"\1", url)


def _first_line(error: BaseException) -> str:
    text = getattr(error, "stderr", "") or str(error)
    lines = [line.strip(" '\n") for line in text.splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
