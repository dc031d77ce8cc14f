"""Opening: an `Experiment` claims its directory and begins an attempt there."""

import dataclasses
import os
import sys
from pathlib import Path
from typing import Any, Literal, get_args

from mag.clock import tell_time
from mag.config.identity import describe_rules, read_visibility
from mag.config.secrets import mask
from mag.errors import ConfigError
from mag.record import claims
from mag.record.attempts import Attempt
from mag.record.failures import Redaction
from mag.record.home import Home
from mag.record.paths import StorePaths
from mag.record.provenance import Provenance, describe_host
from mag.record.records import Record
from mag.record.repetition import Repetition
from mag.suggestion import name_nearest

IfExists = Literal["error", "resume", "rerun", "skip"]
LEAVING = {"error", "skip"}


def check_if_exists(if_exists: object) -> None:
    """Refuse an unknown word, and suggest the nearest."""
    known = get_args(IfExists)
    if if_exists is not None and if_exists not in known:
        near = name_nearest(str(if_exists), known)
        hint = f"did you mean {near!r}?" if near else f"it is one of {', '.join(map(repr, known))}."
        raise ConfigError(f"if_exists={if_exists!r} is unknown: {hint}")


def open_attempt(home: Home, if_exists: str) -> Attempt | None:
    """Begin an attempt; None if the experiment has completed meanwhile and is to be left alone."""
    paths, settings, identity = home.paths, home.settings, home.identity
    store = StorePaths(os.path.dirname(paths.directory))
    record = Record(
        identity=identity,
        identifier=os.path.basename(paths.directory),
        status="running",
        rules=describe_rules(read_visibility(settings)),
        config=mask(home.config, settings.secrets),
        host=describe_host(),
        started=tell_time(),
        **_gather_provenance(home).fields(),
    )
    redaction = Redaction.of(home.config, settings.secrets)
    claim = claims.claim_directory(store, record.identifier, identity, separator=settings.separator)
    if claim.previous and claim.previous.status == "completed" and if_exists in LEAVING:
        claim.lock.release()
        return None
    home.settle(claim.paths)
    record = record.replace(identifier=os.path.basename(claim.paths.directory))
    return Attempt(claim, record, keep=if_exists == "resume", clean=if_exists == "rerun", redaction=redaction)


def _gather_provenance(home: Home) -> Provenance:
    """Return the provenance of an experiment that the running script makes itself."""
    from mag.code.commit import read_commit  # noqa: PLC0415  (start-up)
    from mag.code.drift import list_code_files  # noqa: PLC0415
    from mag.code.elsewhere import complete_commit, complete_copied  # noqa: PLC0415
    from mag.code.environment import gather_environment  # noqa: PLC0415
    from mag.code.omissions import Rules  # noqa: PLC0415
    from mag.record.provenance import gather_provenance, locate_code, store_environment  # noqa: PLC0415

    if (repetition := Repetition.find()) is not None:
        known = Provenance(**repetition.provenance)
        commit = complete_copied(known.commit, list_code_files(), map(Path, repetition.moved.values()))
        return dataclasses.replace(known, commit=commit)
    store = Path(home.paths.directory).parent
    configs = (os.path.abspath(home.source),) if isinstance(home.source, str | Path) else ()

    def read(modules: tuple[str, ...] = ()) -> dict[str, Any]:
        """Read the commit, with the files of these modules in it."""
        return read_commit(locate_code(), store=store, rules=Rules.of(home.settings, configs, modules))

    commit = complete_commit(read(), list_code_files(), read)
    environment = gather_environment(home.settings.root)
    store_environment(StorePaths(str(store)), environment)
    return gather_provenance(
        app=sys.argv[0] or None, commit=commit, environment=environment, secrets=home.settings.secrets
    )
