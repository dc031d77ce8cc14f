"""Laws of `@hydra.main` apps: each runs under mag as under the Hydra that it was written for.

Hydra is no dependency of mag's. The tests run where hydra-core is installed; CI has an environment with it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

hydra = pytest.importorskip("hydra")

Mag = Callable[..., subprocess.CompletedProcess[str]]

PROBE = """\
import json, logging, os, sys
from dataclasses import dataclass, field
from typing import Any
import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict
{extra}

def attempt(act):
    try:
        return str(act())
    except Exception as error:
        return type(error).__name__

@hydra.main({main})
def main(cfg):
    logging.getLogger("probe").info("said")
    logging.getLogger("probe").debug("whispered")
    hc = HydraConfig.get()
    seen = {{
        "written": OmegaConf.to_container(cfg, resolve=False, enum_to_str=True),
        "values": {{key: attempt(lambda: OmegaConf.select(cfg, key, throw_on_missing=True)) for key in cfg}},
        "types": {{str(key): OmegaConf.get_type(cfg, key).__name__ for key in cfg}},
        "unknown": attempt(lambda: cfg.no_such_key),
        "assign": attempt(lambda: setattr(cfg, "x", 99)),
        "assigned": attempt(lambda: cfg.x),
        "follows": attempt(lambda: cfg.get("follow")),
        "wrong": attempt(lambda: setattr(cfg, "no_such_key", 1)),
        "flags": [OmegaConf.is_struct(cfg), OmegaConf.is_readonly(cfg)],
        "cwd": os.getcwd(),
        "original": hydra.utils.get_original_cwd(),
        "absolute": hydra.utils.to_absolute_path("data"),
        "environment": {{name: os.environ.get(name) for name in ("SHAPE", "COPIED")}},
        "out": hc.runtime.output_dir,
        "runtime": [hc.runtime.cwd, OmegaConf.to_container(hc.runtime.choices), hc.runtime.version_base],
        "job": [hc.job.name, hc.job.num, hc.job.config_name, hc.job.override_dirname, hc.job.chdir],
        "overrides": OmegaConf.to_container(hc.overrides),
        "sweep": os.path.join(hc.runtime.cwd, hc.sweep.dir, hc.sweep.subdir),
        "mode": str(hc.mode),
        "sources": [[s.provider, s.path] for s in hc.runtime.config_sources],
        "logging": [logging.getLogger().level, [type(h).__name__ for h in logging.getLogger().handlers]],
        "files": sorted(os.listdir(os.path.join(hc.runtime.output_dir, ".hydra")))
        if os.path.isdir(os.path.join(hc.runtime.output_dir, ".hydra")) else None,
        "made": str(hydra.utils.instantiate(cfg.get("make"))) if cfg.get("make") else None,
    }}
    with open_dict(cfg):
        cfg.added = 1
    seen["added"] = cfg.added
    with open(os.environ["SEEN"], "a") as stream:
        stream.write(json.dumps(seen) + "\\n")
    return {{"x": 1}}

if __name__ == "__main__":
    main()
"""
NEW = 'version_base="1.3", config_path="conf", config_name="config"'
OLD = 'version_base="1.1", config_path="conf", config_name="config"'
GROUPS = {"model/a.yaml": "name: a\n", "model/b.yaml": "name: b\nsize: 2\n", "model/empty.yaml": ""}
WITH_GROUP = {**GROUPS, "config.yaml": "defaults:\n  - model: a\n  - _self_\nx: 1\n"}
STORED = """
@dataclass
class Inner:
    size: int = 3
@dataclass
class Base:
    x: float = 1
    inner: Inner = field(default_factory=Inner)
    model: dict[str, Any] = field(default_factory=dict)
ConfigStore.instance().store(name="base", node=Base)
ConfigStore.instance().store(group="model", name="stored", node={"name": "s"})
"""
Shape = tuple[str, str, dict[str, str], list[str]]
SHAPES: dict[str, Shape] = {
    "plain": (NEW, "", {"config.yaml": "x: 1\n"}, ["x=2"]),
    "no overrides": (NEW, "", {"config.yaml": "x: 1\n"}, []),
    "a sweep": (NEW, "", {"config.yaml": "x: 1\ny: a\n"}, ["x=1,2", "y=b,c"]),
    "groups": (NEW, "", WITH_GROUP, ["model=a,b,empty"]),
    "added and deleted": (NEW, "", {"config.yaml": "x: 1\ny: {z: 1, w: 2}\n"}, ["+n=1", "~y.z", "++x=4"]),
    "interpolation": (NEW, "", {"config.yaml": "x: 1\nfollow: ${x}\n"}, ["x=5"]),
    "known to Hydra": (
        NEW,
        "",
        {
            **GROUPS,
            "config.yaml": "defaults: [{model: b}, _self_]\nx: 1\nfollow: ${hydra:runtime.choices.model}\n"
            "job: ${hydra:job.name}\nnumber: ${hydra:job.num}\ndirname: ${hydra:job.override_dirname}\n",
        },
        ["x=3", "model=a"],
    ),
    "missing": (NEW, "", {"config.yaml": "x: 1\nlater: ???\nalso: ${later}\n"}, []),
    "dangling": (NEW, "", {"config.yaml": "x: 1\nfollow: ${nowhere}\nunset: ${oc.env:NOT_SET_AT_ALL}\n"}, []),
    "resolver": (
        NEW,
        'register = OmegaConf.register_new_resolver\nregister("twice", lambda v: 2 * v)\nregister("cls", lambda: int)',
        {"config.yaml": "x: 1\nfollow: ${twice:${x}}\nkind: ${cls:}\nunregistered: ${nothing:1}\n"},
        ["x=4"],
    ),
    "environment": (
        NEW,
        'os.environ["SHAPE_AT_IMPORT"] = "i"',
        {
            "config.yaml": "x: 1\nfollow: ${oc.env:SHAPE_AT_IMPORT}\nhydra:\n  job: {env_set: {SHAPE: '3'}, "
            "env_copy: [COPIED]}\n"
        },
        [],
    ),
    "own directory": (NEW, "", {"config.yaml": "x: 1\nhydra: {job: {chdir: true}}\n"}, []),
    "version 1.1": (OLD, "", {"config.yaml": "x: 1\n"}, ["x=2"]),
    "version 1.1, stays": (OLD, "", {"config.yaml": "x: 1\nhydra: {job: {chdir: false}}\n"}, []),
    "job name": (NEW, "", {"config.yaml": "x: 1\nhydra: {job: {name: other}, output_subdir: null}\n"}, []),
    "typed on the command line": (NEW, "", {"config.yaml": "x: 1\n"}, ["hydra.job.chdir=true", "hydra.verbose=true"]),
    "logging": (NEW, "", {"config.yaml": "defaults: [_self_, {override hydra/job_logging: stdout}]\nx: 1\n"}, ["x=2"]),
    "no logging": (NEW, "", {"config.yaml": "x: 1\n"}, ["hydra/job_logging=disabled"]),
    "directories": (NEW, "", {"config.yaml": "x: 1\nhydra: {run: {dir: a/b}, sweep: {subdir: 's-${x}'}}\n"}, ["x=1,2"]),
    "config store": (
        NEW,
        STORED,
        {**GROUPS, "config.yaml": "defaults: [base, {model: stored}, _self_]\nx: 2\n"},
        ["x=3", "model=stored,a"],
    ),
    "instantiate": (NEW, "", {"config.yaml": "x: 1\nmake: {_target_: fractions.Fraction, _args_: [3, 6]}\n"}, []),
    "keys of other types": (NEW, "", {"config.yaml": "x: 1\nkeys: {1: a, 0.5: c}\nnone: null\n"}, []),
}


def see(folder: Path, command: list[str], seen: Path) -> list[dict[str, Any]]:
    """Run a command there and return what the app saw, one dict a job; its directories are written as OUT."""
    environment = os.environ | {"SEEN": str(seen), "COPIED": "c", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    jobs = []
    for line in seen.read_text().splitlines():
        out = json.loads(line)["out"]
        text = line.replace(json.dumps(out)[1:-1], "OUT").replace("~y.z=null", "~y.z")  # Hydra's sweeper adds it
        jobs.append(json.loads(text))
    return sorted(jobs, key=lambda job: job["job"][1])


def write_project(folder: Path, shape: Shape) -> None:
    """Write an app and its configs into a folder."""
    main, extra, files, _ = shape
    (folder / "probe.py").write_text(PROBE.format(main=main, extra=extra))
    for name, text in files.items():
        (folder / "conf" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "conf" / name).write_text(text)


NOT_IN_1_4 = {"added and deleted", "version 1.1", "version 1.1, stays"}
"""What Hydra 1.4 does no more, or its release candidates fail at."""


@pytest.mark.parametrize("name", SHAPES)
def test_an_app_sees_what_it_sees_under_hydra(tmp_path: Path, name: str) -> None:
    """Config, directory, environment, HydraConfig and logging are those of a multirun of Hydra's."""
    if name in NOT_IN_1_4 and not hydra.__version__.startswith("1.3"):
        pytest.skip("Hydra 1.3 alone does that")
    write_project(tmp_path, SHAPES[name])
    overrides = SHAPES[name][3]

    theirs = see(tmp_path, [sys.executable, "probe.py", "-m", *overrides], tmp_path / "theirs")
    ours = see(tmp_path, [sys.executable, "-m", "mag", "sweep", *overrides], tmp_path / "ours")

    assert len(ours) == len(theirs)
    pairs = list(zip(ours, theirs, strict=True))
    assert {key: (job[key], other[key]) for job, other in pairs for key in other if job[key] != other[key]} == {}


def test_edits_change_nothing_that_is_planned(tmp_path: Path) -> None:
    """What runs is what was planned, Hydra's own part included, whatever becomes of the files meanwhile."""
    extra = "import pathlib\npathlib.Path('conf/config.yaml').write_text('broken: [')"
    write_project(tmp_path, (NEW, "", {"config.yaml": "x: 1\nhydra: {job: {env_set: {SHAPE: kept}}}\n"}, []))
    app = tmp_path / "probe.py"
    app.write_text(
        app.read_text().replace("    seen = {\n", f"    {extra.replace(chr(10), chr(10) + '    ')}\n    seen = {{\n")
    )
    jobs = see(tmp_path, [sys.executable, "-m", "mag", "sweep", "x=1,2", "-j", "1"], tmp_path / "seen")

    assert [(job["written"], job["environment"]["SHAPE"]) for job in jobs] == [({"x": 1}, "kept"), ({"x": 2}, "kept")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hydra.run.dir=x"], "--dir PATH"),
        (["hydra/launcher=joblib"], "-j N"),
        (["hydra.sweeper.params={}"], "--sample N"),
        (["hydra.verbose=true,false"], "cannot be swept"),
        (["hydra/job_logging=nothing"], "Could not find 'hydra/job_logging/nothing'"),
        (["model=b"], "model"),
    ],
)
def test_what_is_refused(tmp_path: Path, words: list[str], said: str) -> None:
    """One sentence names mag's own word, or says what Hydra refuses; nothing is started."""
    write_project(tmp_path, SHAPES["plain"])
    command = [sys.executable, "-m", "mag", "sweep", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert said in done.stderr
    assert not (tmp_path / "experiments").exists()


TWO = "@hydra.main(config_path=None)\ndef first(cfg): ...\n"
UNKNOWN = 'ConfigStore.instance().store(name="base", node={"defaults": [{"optimizer": "adam"}, "_self_"]})'
RAISES = "def fail(): raise ValueError('no bucket')\nOmegaConf.register_new_resolver('bucket', fail)"


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ((NEW, TWO, {"config.yaml": "x: 1\n"}, []), "name the function, as in probe.py:first"),
        ((NEW, UNKNOWN, {"config.yaml": "defaults: [base]\n"}, []), "In 'base': there is no group 'optimizer'"),
        ((NEW, RAISES, {"config.yaml": "x: 1\ny: ${bucket:}\n"}, []), "config.yaml:2: y is '${bucket:}', but its"),
    ],
)
@pytest.mark.parametrize("words", [["run"], ["sweep", "probe.py", "+z=1,2"]])
def test_what_cannot_start(tmp_path: Path, shape: Shape, said: str, words: list[str]) -> None:
    """One sentence says where and what to do; nothing is started."""
    write_project(tmp_path, shape)
    command = [sys.executable, "-m", "mag", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert said in done.stderr
    assert not (tmp_path / "experiments").exists()


OLD_HYDRA = "__version__ = '1.0.7'\ndef main(config_path=None, config_name=None): return lambda f: f\n"
NO_HYDRA = "raise ModuleNotFoundError('No module named hydra', name='hydra')"


@pytest.mark.parametrize(("module", "said"), [(OLD_HYDRA, "hydra-core 1.0.7, and mag takes 1.1"), (NO_HYDRA, "has no")])
def test_a_hydra_that_will_not_do(tmp_path: Path, module: str, said: str) -> None:
    """Whatever the app stumbles over first, the error is that Hydra is absent or too old, and what to install."""
    (tmp_path / "hydra.py").write_text(module)
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("x: 1\n")
    (tmp_path / "probe.py").write_text(f"import hydra\n@hydra.main({NEW})\ndef main(cfg): ...\n")
    command = [sys.executable, "-m", "mag", "run"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert said in done.stderr
    assert "pip install 'hydra-core>=1.3'" in done.stderr
    assert not (tmp_path / "experiments").exists()


def test_choices_count(tmp_path: Path) -> None:
    """Two empty option files are two experiments; a rerun of one is what it was."""
    write_project(tmp_path, (NEW, "", {**WITH_GROUP, "model/other.yaml": ""}, []))
    mag = [sys.executable, "-m", "mag"]
    jobs = see(tmp_path, [*mag, "sweep", "model=empty,other", "-j", "1"], tmp_path / "seen")
    again = see(tmp_path, [*mag, "sweep", "model=empty,other"], tmp_path / "seen")

    assert [job["runtime"][1]["model"] for job in jobs] == ["empty", "other"]
    assert again == jobs
