"""Laws of `mag config`."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

Mag = Callable[..., CompletedProcess[str]]


@pytest.fixture(autouse=True)
def groups(project: Path) -> Path:
    """Give the project a group."""
    (project / "configs" / "model").mkdir()
    (project / "configs" / "model" / "svm.yaml").write_text("name: svm\nC: 1e-5\n")
    (project / "configs" / "model" / "mlp.yaml").write_text("name: mlp\nlabel: ${.name}!\n")
    (project / "configs" / "config.yaml").write_text("defaults:\n- model: svm\n- _self_\nlr: 0.1\npassword: x\n")
    return project


def test_prints_what_would_run(project: Path, mag: Mag) -> None:
    """The config is printed as YAML that means the same, and nothing is written."""
    done = mag("config", "lr=0.5")

    assert yaml.safe_load(done.stdout.replace("1e-05", "1.0e-5"))["model"] == {"name": "svm", "C": 1e-5}
    assert "lr: 0.5" in done.stdout
    assert not (project / "experiments").exists()


def test_json(mag: Mag) -> None:
    """As JSON it is one object, interpolations as written."""
    assert json.loads(mag("config", "model=mlp", "--json").stdout)["model"] == {"name": "mlp", "label": "${.name}!"}


def test_resolve(mag: Mag) -> None:
    """With `--resolve` interpolations are replaced by what they stand for."""
    assert json.loads(mag("config", "model=mlp", "--json", "--resolve").stdout)["model"]["label"] == "mlp!"


def test_choices(mag: Mag) -> None:
    """`--choices` shows each group, its options and what is chosen."""
    rows = json.loads(mag("config", "model=mlp", "--choices", "--json").stdout)

    assert rows == [{"group": "model", "chosen": "mlp", "options": ["mlp", "svm"]}]
    assert "mlp svm" in mag("config", "--choices").stdout


def test_secrets_are_masked(mag: Mag) -> None:
    """A secret-looking value is not shown."""
    assert "password: '***'" in mag("config").stdout


@pytest.mark.parametrize(
    ("override", "message"),
    [("model=mpl", "mlp"), ("modle=svm", "model"), ("lr=1,2", "mag sweep --dry-run"), ("+lr=1", "lr=1")],
)
def test_mistakes(mag: Mag, override: str, message: str) -> None:
    """A mistake is exit status 2 and a sentence that names what was meant."""
    done = mag("config", override)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
