"""Laws of redaction: what an experiment was given in confidence is in nothing that mag writes, and all else is."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mag.record.failures import Redaction
from mag.record.records import Record

Mag = Callable[..., subprocess.CompletedProcess[str]]
Read = Callable[[str], Record]

APP = """\
import os, sys
import mag

@mag.main(config_path="configs", config_name="config")
def train(config, experiment):
    assert config.db.url == "postgres://me:" + os.environ["PW"] + "@host/db", "the experiment sees the secret"
    experiment.register_result("best_api_key", "sk-" + "555555")
    experiment.register_result("max_tokens", 512)
    experiment.register_result("config", {"db": dict(config.db), "said": [f"<{config.secret}>"], config.secret: 1})
    experiment.log_metrics(step=1, url=config.db.url)
    if config.C == 1:
        raise ValueError(f"no {config.db.url}, {config.secret!r}") from KeyError(config.secret)
    if config.C == 2:
        print(config.secret, file=sys.stderr)
        os._exit(3)
    return {"score": 1}
"""


@pytest.fixture
def secretive(project: Path) -> Path:
    """Return a project whose config holds secrets and whose experiment spreads them."""
    (project / "train.py").write_text(APP)
    (project / "configs" / "config.yaml").write_text("C: 0\ndb: {url: null}\nsecret: Swordfish9\n")
    return project


def read_all(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder, and their names as one more."""
    files = {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {"names": "\n".join(files).encode(), **files}


def test_no_file_holds_a_secret(secretive: Path, mag: Mag) -> None:
    """Results, metrics, errors, tracebacks, configs, commands and names: none has a value that is secret."""
    done = mag("sweep", "C=0,1", "db.url='postgres://me:Xyzzy42@host/db'", PW="Xyzzy42")
    written = read_all(secretive / "experiments")

    assert done.returncode == 1
    log = next(text for name, text in written.items() if name.endswith("log") and text)
    assert b"ValueError: no postgres://me:***@host/db, '***'" in log
    for secret in (b"Xyzzy42", b"Swordfish9", b"sk-555555"):
        assert [name for name, text in written.items() if secret in text] == []
        assert secret.decode() not in done.stderr + done.stdout


def test_what_a_dying_process_said_is_redacted(secretive: Path, mag: Mag) -> None:
    """The log is the user's; the record, which quotes its last line, is not."""
    done = mag("sweep", "C=2", "db.url='postgres://me:Xyzzy42@host/db'", PW="Xyzzy42")
    record = next((secretive / "experiments").glob("*/.mag/record.json"))

    assert json.loads(record.read_text())["error"]["message"].endswith(": ***")
    assert "Swordfish9" not in done.stderr + record.read_text()


def test_configs_that_differ_in_a_secret_live_apart(secretive: Path, mag: Mag) -> None:
    """Two passwords make two experiments, of which the later one's name has a suffix."""
    for password in ("Xyzzy42", "Xyzzy43"):
        assert mag("run", f"db.url='postgres://me:{password}@host/db'", PW=password).returncode == 0
    first, second = sorted(path.name for path in (secretive / "experiments").iterdir() if path.name != ".mag")

    assert first == "0|postgres%3A%2F%2Fme%3A%2A%2A%2A@host%2Fdb|%2A%2A%2A"
    assert second.startswith(first + "~")


def test_results_of_no_concern_are_stored_as_they_are(secretive: Path, mag: Mag) -> None:
    """Texts alone are masked, and only what is secret in them."""
    mag("run", "db.url='postgres://me:Xyzzy42@host/db'", PW="Xyzzy42")
    results = json.loads(next((secretive / "experiments").glob("*/results.json")).read_text())

    assert results == {
        "best_api_key": "***",
        "max_tokens": 512,
        "config": {"db": {"url": "postgres://me:***@host/db"}, "said": ["<***>"], "***": 1},
        "score": 1,
    }


@given(st.text(), st.sampled_from(["Swordfish9", "two\nlines", 'quo"ted', "back\\slash"]), st.text())
def test_a_secret_is_found_however_it_is_quoted(before: str, secret: str, after: str) -> None:
    """As it is, in Python's quotes and in JSON's."""
    redaction = Redaction(frozenset({secret}))
    for spelt in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1]):
        assert spelt not in redaction.redact(f"{before} {spelt} {after}")


def test_a_short_secret_does_not_eat_words() -> None:
    """A password of three letters is redacted where it stands alone."""
    assert Redaction(frozenset({"in"})).redact("in the inn: 'in'") == "*** the inn: '***'"


def test_variables_count_where_their_names_look_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short values do not, nor do those that only say where the secret is."""
    monkeypatch.setenv("X_TOKEN", "hunter22")
    monkeypatch.setenv("Y_TOKEN", "no")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", __file__)

    assert {"hunter22", "no", __file__} & Redaction.of({"C": 1}).values == {"hunter22"}
