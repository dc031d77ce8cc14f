"""Secrets: planted in fifty places, found in nothing that mag wrote."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Git = Callable[..., str]

APP = """\
import os
import mag


@mag.main(config_path="configs", config_name="config")
def train(config):
    if config.fail == 1:
        raise ValueError(f"login with {config.db.password} and {os.environ['HF_TOKEN']} failed")
    if config.fail == 2:
        raise RuntimeError([config.api_keys, config.secret]) from KeyError(config.db.access_token)
    return {"score": 1}


if __name__ == "__main__":
    train()
"""
SCRIPT = """\
import os
from mag.experiment import Experiment

with Experiment(config={"password": os.environ["DB_PASSWORD"]}, name="script") as experiment:
    experiment.register_result("url", f"https://me:{os.environ['GITHUB_TOKEN']}@example.org")
    raise OSError(os.environ["AWS_SECRET_ACCESS_KEY"])
"""
PLANTED_BEFORE, ALL = 35, 53
"""How many secrets lie in files, the environment and the settings of git, and how many there are with those typed."""
VARIABLES = ("HF_TOKEN", "WANDB_API_KEY", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "GITHUB_TOKEN", "MY_PIN", "HARMLESS")
FILES = (
    ".env",
    ".env.local",
    "conf/prod.env",
    "id_rsa",
    "server.key",
    "cert.pem",
    ".netrc",
    "credentials",
    "secrets.yaml",
)


def plant(number: int) -> str:
    """Return the secret of that number."""
    return f"Xq{number:02d}zSeCrEt{number * 7919 % 1000:03d}w"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git: Git) -> Path:
    """Return a repository with changes and files that hold secrets."""
    code = tmp_path / "code"
    (code / "configs").mkdir(parents=True)
    (code / "conf").mkdir()
    (code / "train.py").write_text(APP)
    (code / "pyproject.toml").write_text('[tool.mag]\nsecrets = ["*_pin"]\n')
    monkeypatch.chdir(code)
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    secrets = iter(map(plant, range(100)))
    (code / "configs" / "config.yaml").write_text(
        f"fail: 0\ndb: {{user: me, password: {next(secrets)}, access_token: '{next(secrets)}'}}\n"
        f"secret: {next(secrets)}\nmy_pin: {next(secrets)}\napi_keys:\n  - {next(secrets)}\n  - {next(secrets)}\n"
        f"credentials:\n  user: {next(secrets)}\n  level: {{deep: {next(secrets)}}}\nplain: 1\n"
        f'private_key: |\n  {next(secrets)}\n  {next(secrets)}\nauth:\n  bearer_token: "{next(secrets)}"\n'
    )
    (code / "extra.json").write_text(f'{{"password": "{next(secrets)}", "list": [{{"api_key": "{next(secrets)}"}}]}}\n')
    (code / "extra.toml").write_text(f"[db]\npassword = \"{next(secrets)}\"\nclient_secret = '{next(secrets)}'\n")
    (code / "extra.ini").write_text(f"[db]\npassphrase: {next(secrets)}\napi-key={next(secrets)}\n")
    for name in FILES:
        (code / name).write_text(f"TOKEN={next(secrets)}\n")
    for name in VARIABLES:
        monkeypatch.setenv(name, next(secrets))
    git("remote", "add", "origin", f"https://me:{next(secrets)}@example.org/x.git")
    git("remote", "add", "other", f"https://{next(secrets)}@example.org/y.git")
    (code / "script.py").write_text(SCRIPT)
    assert next(secrets) == plant(PLANTED_BEFORE)
    return code


def run(*words: str) -> int:
    """Run Python, and return its exit status."""
    return subprocess.run([sys.executable, *words], check=False, capture_output=True).returncode


def read_all(git: Git) -> dict[str, bytes]:
    """Return all that mag wrote: files of experiments, and every object that its refs lead to."""
    written = {str(path): path.read_bytes() for path in Path("experiments").rglob("*") if path.is_file()}
    written |= {str(path) + "/": os.fsencode(path) for path in Path("experiments").rglob("*")}
    for line in git("rev-list", "--objects", "--glob=refs/mag/*").splitlines():
        name = line.split()[0]
        kind = git("cat-file", "-t", name)
        written[f"object {line}"] = git("cat-file", "-p", name).encode() if kind != "tree" else b""
    written["git/mag-stores"] = Path(".git/mag-stores").read_bytes()
    return written


def read_planted(project: Path, typed: list[str]) -> str:
    """Return all that secrets were planted in."""
    files = (path for path in project.rglob("*") if path.is_file() and "experiments" not in path.parts)
    texts = [path.read_text() for path in files if ".git" not in path.parts or path.name == "config"]
    return "\n".join([*texts, *os.environ.values(), *typed])


def test_none_is_found(project: Path, git: Git) -> None:
    """Fifty secrets, in the environment, overrides, YAML, remotes, .env-like files and errors: mag wrote none down."""
    overrides = [
        *(f"db.password={plant(40)},{plant(41)}", f"secret={plant(42)}", f"my_pin={plant(43)}"),
        *(f"+wandb.api_key={plant(44)}", f"++db.secret_key={plant(45)}", f"api_keys=[{plant(46)},{plant(47)}]"),
        *(f"+tokens={{access_token: {plant(48)}}}", f"db.access_token={plant(49)}"),
    ]
    few = [f"secret={plant(36)}", f"auth.bearer_token={plant(37)}", f"+url=redis://me:{plant(35)}@db"]
    some = ["fail=1", f"secret={plant(38)}", f"db.password={plant(39)}"]
    words = ["--token", plant(50), f"--db-password={plant(51)}", f"https://{plant(52)}@example.org"]
    assert run("-m", "mag", "sweep", "fail=0,1,2") == 1
    assert run("-m", "mag", "sweep", "fail=0,1,2", "plain=2", *overrides) == 1
    assert run("-m", "mag", "run", "plain=3", *few) == 0
    assert run("script.py", *words) == 1
    (project / "train.py").write_text(APP + "# changed\n")
    assert run("-m", "mag", "run", "plain=4", *some) == 1
    planted, written = read_planted(project, [*overrides, *few, *some, *words]), read_all(git)

    assert [number for number in range(ALL) if plant(number) not in planted] == []
    assert sum(name.endswith("record.json") for name in written) == 3 + 6 + 3
    assert any(b"# changed" in content for content in written.values())
    composed = {name for name in written if name.endswith(" configs/config.yaml")}  # the code as it ran
    leaks = [(name, number) for number in range(ALL) for name in written if plant(number).encode() in written[name]]
    assert [leak for leak in leaks if leak[0] not in composed] == []
    record = next(text for name, text in written.items() if name.endswith("record.json"))
    assert all(name.encode() in record for name in FILES)
