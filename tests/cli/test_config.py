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


def test_what_cannot_be_resolved(groups: Path, mag: Mag) -> None:
    """An interpolation that leads nowhere is an error with its file and line, or the override that gave it."""
    (groups / "configs" / "model" / "mlp.yaml").write_text("name: mlp\nlabel: ${.nmae}\n")
    resolved = mag("config", "--resolve", "model=mlp").stderr
    typed = mag("config", "--resolve", "model.name=${zz}").stderr

    assert resolved.startswith("mag: configs/model/mlp.yaml:2: model.label is '${.nmae}', but")
    assert typed.startswith("mag: model.name=${zz}: model.name is '${zz}', but")


@pytest.mark.parametrize("words", [["run"], ["sweep", "lr=1,2"]])
def test_what_nobody_reads_stops_nothing(groups: Path, mag: Mag, words: list[str]) -> None:
    """An interpolation that leads nowhere is spoken of, and is an error only where the function reads it."""
    (groups / "configs" / "model" / "mlp.yaml").write_text("name: mlp\nlabel: ${.nmae}\n")

    assert "model.label is '${.nmae}', but there is no value .nmae" in mag(*words, "model=mlp").stderr


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


def test_choices(mag: Mag) -> None:
    """`--choices` shows each group, its options, what is chosen and by what."""
    rows = json.loads(mag("config", "model=mlp", "--choices", "--json").stdout)

    assert rows == [{"group": "model", "chosen": "mlp", "by": "model=mlp", "options": ["mlp", "svm"]}]
    assert "configs/config.yaml:2\tmlp svm" in mag("config", "--choices").stdout


def test_explain_a_key(mag: Mag) -> None:
    """`--explain KEY` shows what set the value, first to last, with file and line, choice and override."""
    done = mag("config", "model.C=2", "--explain", "model.C")

    assert done.stdout.splitlines() == [
        "model.C: 2.0",
        "  configs/model/svm.yaml:2   1e-05   model=svm by configs/config.yaml:2",
        "  model.C=2                  2",
    ]


def test_explain_an_interpolation(mag: Mag) -> None:
    """An interpolation is shown with what it comes to, and the chain of what it names below it."""
    done = mag("config", "--explain", "model.label", "model=mlp")

    assert done.stdout.splitlines() == [
        "model.label: ${.name}! -> mlp!",
        "  configs/model/mlp.yaml:2   ${.name}!   model=mlp typed",
        "  model.name: mlp",
        "    configs/model/mlp.yaml:1   mlp   model=mlp typed",
    ]


def test_explain_a_group(mag: Mag) -> None:
    """A group is explained by what chose its option, and by the origin of each value in its place."""
    done = mag("config", "--explain=model")

    assert done.stdout.splitlines()[:2] == ["model = svm", "  configs/config.yaml:2   svm"]
    assert "C: 1e-05    # configs/model/svm.yaml:2  model=svm by configs/config.yaml:2" in done.stdout


def test_explain_a_choice_by_interpolation(groups: Path, mag: Mag) -> None:
    """A choice that names another is shown as what it came to, and as it is written."""
    (groups / "configs" / "config.yaml").write_text("defaults:\n- model: svm\n- tune: ${model}\n")
    (groups / "configs" / "tune").mkdir()
    (groups / "configs" / "tune" / "svm.yaml").write_text("C: 3\n")

    assert mag("config", "--explain", "tune").stdout.splitlines()[:2] == [
        "tune = svm",
        "  configs/config.yaml:3   ${model}",
    ]


def test_explain_everything(mag: Mag) -> None:
    """`--explain` alone shows the config as YAML that means the same, the origin of each value in a comment."""
    done = mag("config", "lr=3", "--explain")

    assert done.stdout.splitlines()[-2:] == [
        "lr: 3.0           # lr=3",
        "password: '***'   # configs/config.yaml:5",
    ]
    assert yaml.safe_load(done.stdout) == yaml.safe_load(mag("config", "lr=3").stdout)


def test_explain_as_json(mag: Mag) -> None:
    """Both forms are JSON with `--json`: an object for a key, a list for everything."""
    one = json.loads(mag("config", "lr=3", "--explain", "lr", "--json").stdout)
    all_of_it = json.loads(mag("config", "--explain", "--json").stdout)

    assert (one["value"], one["chain"][-1]) == (3.0, {"key": "lr", "value": 3, "override": "lr=3"})
    assert all_of_it[2] == {"key": "lr", "value": 0.1, "file": "configs/config.yaml", "line": 4}


def test_explain_a_deleted_key(mag: Mag) -> None:
    """A key that was deleted is explained, too."""
    assert "~lr" in mag("config", "--explain", "lr", "~lr").stdout


def test_explanations_mask_secrets(project: Path, mag: Mag) -> None:
    """Neither the value of a secret-looking key is shown, nor what an interpolation makes of it."""
    (project / "configs" / "config.yaml").write_text(
        "password: hunter2\nurl: me:${password}\nuser: ${oc.env:MY_TOKEN}\n"
    )

    for words in (["url"], ["user"], ["password"], [], ["password", "password=hunter2"], ["url", "--json"]):
        assert "hunter2" not in mag("config", "--explain", *words, MY_TOKEN="hunter2").stdout


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("lr=3", "mag config 'lr=3' --explain lr"),
        ("~lr", "mag config '~lr' --explain lr"),
        ("train.py", "mag config train.py --explain"),
        ("modle", "did you mean model?"),
        ("C", "did you mean model.C?"),
        ("model.label", "type model=mlp --explain model.label, which has one"),
        ("model.zzz", "model has name, C"),
        ("zzz", "model, lr, password"),
    ],
)
def test_explain_mistakes(mag: Mag, key: str, message: str) -> None:
    """What is no key says what was meant; an override that `--explain` took is not lost silently."""
    done = mag("config", "--explain", key)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_diff(mag: Mag) -> None:
    """`--diff` shows what overrides change against the rest of the command, and ends with 0."""
    done = mag("config", "lr=1", "--diff", "model=mlp lr=2")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "~ lr: 1.0 -> 2.0",
        "- model.C: 1e-05",
        "+ model.label: ${.name}!",
        "~ model.name: svm -> mlp",
    ]


def test_diff_as_json(mag: Mag) -> None:
    """As JSON it is three objects; repeated options add up."""
    done = mag("config", "--diff", "lr=2", "--diff", "+x=1", "--diff", "~password", "--json")

    assert json.loads(done.stdout) == {
        "removed": {"password": "***"},
        "added": {"x": 1},
        "changed": {"lr": {"before": 0.1, "after": 2.0}},
    }


def test_diff_of_a_file(groups: Path, mag: Mag) -> None:
    """A file of overrides is read as it is elsewhere on the command line."""
    (groups / "tuned.yaml").write_text("lr: 2\n")

    assert mag("config", "--diff", "@tuned.yaml").stdout == "~ lr: 0.1 -> 2.0\n"


def test_diff_of_nothing(mag: Mag) -> None:
    """Where nothing changes that is said beside standard output, which stays empty."""
    done = mag("config", "--diff", "lr=0.1")

    assert (done.returncode, done.stdout) == (0, "")
    assert "change nothing" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--diff", "lr='"], "never closed"),
        (["--diff", ""], "needs overrides"),
        (["--diff", "lr=1,2"], "has several values"),
        (["--diff", "lr=1", "--choices"], "--choices and --diff"),
        (["--explain", "lr", "--choices"], "--choices and --explain"),
    ],
)
def test_diff_mistakes(mag: Mag, words: list[str], message: str) -> None:
    """What cannot be compared or combined is exit status 2 and a sentence."""
    done = mag("config", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_surprises_are_said(project: Path, mag: Mag) -> None:
    """What YAML reads otherwise than it looks is said on standard error with file and line; not in files unused."""
    (project / "configs" / "model" / "svm.yaml").write_text("name: svm\nflag: no\n")
    (project / "configs" / "model" / "mlp.yaml").write_text("flag: off\n")
    done = mag("config", "--json")

    assert done.stderr.splitlines() == [
        "mag: configs/model/svm.yaml:2: flag: no is read as false; if the text is meant write 'no', else write false"
    ]
    assert json.loads(done.stdout)["model"]["flag"] is False
    assert mag("run", "-q").stderr.find("is read as") == -1
