"""Laws of `mag check`."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Mag = Callable[..., CompletedProcess[str]]
Put = Callable[[dict[str, str]], None]


@pytest.fixture(autouse=True)
def put(project: Path) -> Put:
    """Give the project a group, and return a function that writes files below its folder."""

    def write(files: dict[str, str]) -> None:
        for name, text in files.items():
            path = project / f"{name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    write({"configs/model/svm": "name: svm\n", "configs/config": "defaults: [model: svm]\nC: 1\ngamma: 0.5\n"})
    return write


def test_all_is_well(mag: Mag, project: Path) -> None:
    """Without a problem there is nothing on standard output, and nothing is written."""
    done = mag("check")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "1 option and 0 spaces checked: all is well.\n"
    assert not (project / "experiments").exists()


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"configs/config": "defaults: [model: svn]"}, "config.yaml:1: error: the config group model has no option"),
        ({"configs/config": "a: 1\nb: ???"}, "config.yaml:2: error: b is still ???; give it a value, or type b=VALUE"),
        ({"configs/config": "a: 1\nb: ${c}"}, "config.yaml:2: warning: b is '${c}', but there is no value c"),
        ({"configs/config": "a: [\n"}, "config.yaml:2: error: "),
        ({"configs/model/mlp": "a: 1\nb: ${no}"}, "model/mlp.yaml:2: warning: with model=mlp model.b is '${no}'"),
        (
            {"configs/model/mlp": "defaults: [kernel: rbf]"},
            "model/mlp.yaml:1: error: there is no config group 'model/k",
        ),
        ({"configs/model/mlp": "{a: ${b}}"}, "model/mlp.yaml:1: error: the '{' of line 1"),
        ({"configs/extra/x": "[1, 2]", "configs/config": "extra: {}"}, "extra is a mapping in an earlier file"),
        ({"configs/model/svm": "a: 1\nb: no"}, "model/svm.yaml:2: warning: b: no is read as false"),
        ({"spaces/s": "grid: {model: [svm, mlp]}"}, "spaces/s.yaml: error: grid: model=mlp: the config group"),
        ({"spaces/s": "grid: {Q: [1]}"}, "spaces/s.yaml: error: "),
        ({"spaces/s": "gird: {C: [1]}"}, "spaces/s.yaml"),
        ({"spaces/s": "grid: {C: [1, 2]}\nwhere: C > 3"}, "spaces/s.yaml: error: "),
    ],
)
def test_what_cannot_be_right_is_found(files: dict[str, str], line: str, put: Put, mag: Mag) -> None:
    """A problem is one line with its file, and exit status 1."""
    put(files)
    done = mag("check")
    assert done.returncode == 1
    assert line in done.stdout
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"configs/model/mlp": "a: 1\nb: ???"}, "model/mlp.yaml:2: note: model=mlp also needs model.b=VALUE, which is"),
        (
            {"configs/model/mlp": "defaults: [kernel: '???']", "configs/model/kernel/rbf": "a: 1"},
            "model/mlp.yaml: note: model=mlp also needs a choice: model/kernel=<option>, of rbf",
        ),
        ({"configs/other": "a: 1"}, "configs/other.yaml: note: is used by no defaults list"),
        ({"configs/model/mlp": "a: ${oc.env:MAG_NOT_SET}"}, "model/mlp.yaml:1: note: with model=mlp model.a is"),
        ({"configs/model/mlp": "a: ${mine:1}"}, "there is no resolver 'mine'"),
    ],
)
def test_what_can_be_meant_is_noted(files: dict[str, str], line: str, put: Put, mag: Mag) -> None:
    """What an option needs beside itself, and what nothing leads to, is no failure."""
    put(files)
    done = mag("check")
    assert done.returncode == 0
    assert line in done.stdout


@pytest.mark.parametrize(("answer", "said"), [("1 / x", "model.a is '${mine:0}', but its resolver raised"), ("x", "")])
def test_resolvers_of_the_app_are_asked(answer: str, said: str, put: Put, mag: Mag, project: Path) -> None:
    """With --typed the app's own resolvers are asked: one that raises is an error, one that answers is nothing."""
    put({"configs/model/mlp": "a: ${mine:0}"})
    text = f"from omegaconf import OmegaConf\nOmegaConf.register_new_resolver('mine', lambda x: {answer})\n"
    (project / "train.py").write_text(text + (project / "train.py").read_text())
    done = mag("check", "--typed")

    assert done.returncode == bool(said)
    assert done.stdout.startswith("configs/model/mlp.yaml:1: error: ") if said else not done.stdout
    assert said in done.stdout


def test_an_open_choice_of_the_primary_config(put: Put, mag: Mag) -> None:
    """It cannot run as it is; the rest is checked all the same, and once it is typed all is well."""
    put({"configs/config": "defaults: [model: '???']\nC: 1", "configs/model/bad": "a: ${no}"})
    done = mag("check")
    assert done.returncode == 1
    assert "leaves the choice of model open; type model=bad, or another option, of: bad, svm" in done.stdout
    assert "with model=bad" in done.stdout
    put({"configs/model/bad": ""})
    assert mag("check", "model=svm").returncode == 0


def test_an_open_choice_in_a_space(put: Put, mag: Mag) -> None:
    """A space that leaves a choice open is an error that names the space, for a check as for a sweep."""
    put({"configs/config": "defaults: [model: '???']\nC: 1", "spaces/s": "grid: {C: [1, 2]}"})
    for done in (mag("check"), mag("sweep", "--space", "s")):
        assert "spaces/s.yaml: " in done.stdout + done.stderr
        assert "leaves the choice of model open" in done.stdout + done.stderr


def test_what_is_missing_may_be_typed(put: Put, mag: Mag) -> None:
    """Overrides hold for all that is checked."""
    put({"configs/config": "C: ???"})
    assert [mag("check", *words).returncode for words in ([], ["C=1"], ["C=1,2"])] == [1, 0, 2]


def test_a_problem_of_all_is_said_once(put: Put, mag: Mag) -> None:
    """What is wrong with the primary config is not repeated for each option."""
    put({"configs/config": "a: ${no}", "configs/model/mlp": "", "configs/model/tree": ""})
    assert len(mag("check").stdout.splitlines()) == 1


def test_other_endings(project: Path, mag: Mag) -> None:
    """A file that is never read for its ending is found."""
    (project / "configs" / "model" / "mlp.yml").write_text("a: 1\n")
    assert "mlp.yml: warning: is never read" in mag("check").stdout


def test_spaces_expand(put: Put, mag: Mag) -> None:
    """Spaces beside the configs and in them are counted, large ones too, and a folder of them is no config group."""
    put({"spaces/a": "grid: {C: [1, 2]}", "configs/spaces/b": "grid: {C: 'range(100)', gamma: 'range(100)'}"})
    done = mag("check")
    assert (done.returncode, done.stdout) == (0, "")
    assert "2 spaces checked" in done.stderr


def test_json(put: Put, mag: Mag) -> None:
    """As JSON each problem is an object."""
    put({"configs/model/svm": "a: 1\nb: 012"})
    (problem,) = json.loads(mag("check", "--json").stdout)
    assert (problem["severity"], problem["file"], problem["line"]) == ("warning", "configs/model/svm.yaml", 2)


def test_no_configs(project: Path, mag: Mag) -> None:
    """An app without configs has nothing to check."""
    (project / "train.py").write_text("import mag\n@mag.main()\ndef train(config): ...\n")
    done = mag("check")
    assert done.returncode == 2
    assert "no configs to check" in done.stderr


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (  # chosen through the group above
            {"configs/config": "defaults: [model: enc/causal]", "configs/model/enc/causal": "a: 1"},
            "",
        ),
        (  # valid with another option of the other group only
            {
                "configs/config": "defaults: [task: a, train: '${task}PPO']",
                "configs/task/a": "x: 1",
                "configs/task/b": "x: 2",
                "configs/train/aPPO": "y: 1",
            },
            "note: task=b goes with another choice: configs/config.yaml:1: the config group train has no option 'bPPO'",
        ),
        (
            {
                "configs/config": "defaults: [model: a, data: d]",
                "configs/model/a": "v: 1",
                "configs/model/b": "v: ${data.z}",
                "configs/data/d": "y: 1",
                "configs/data/e": "z: 1",
            },
            "note: with model=b model.v is '${data.z}'",
        ),
    ],
)
def test_options_are_tried_as_the_tree_uses_them(files: dict[str, str], line: str, put: Put, mag: Mag) -> None:
    """An option that needs another choice, or is chosen through the group above, is no error."""
    put(files)
    done = mag("check")
    assert (done.returncode, line in done.stdout) == (0, True)


def test_the_same_everywhere_is_one_line(put: Put, mag: Mag) -> None:
    """What many files have is said once, with how many places there are; as JSON each."""
    put({"configs/model/mlp": "a: None", "configs/model/svm": "a: None"})
    assert "(and in 1 more place)" in mag("check").stdout
    assert len(json.loads(mag("check", "--json").stdout)) == 2


def test_a_hydra_project(put: Put, mag: Mag) -> None:
    """It is told that it runs as it is, and what is set aside; what the function fills is no error."""
    put({"configs/config": "a: ???\nhydra: {run: {dir: x}}\n"})
    Path("train.py").write_text(
        "import hydra\n@hydra.main(config_path='configs', config_name='config', version_base=None)\ndef main(c): ...\n"
    )
    done = mag("check", "train.py")
    assert done.returncode == 0
    assert "runs as it is" in done.stderr
    assert "configs/config.yaml:2: hydra.run is set aside" in done.stderr
