"""Laws of `mag export --bundle` and `mag import`."""

import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from mag.record.records import Record
from tests.cli.conftest import Run

Mag = Callable[..., CompletedProcess[str]]
Read = Callable[[str], Record]
Git = Callable[..., str]


@pytest.fixture
def bundle(
    versioned: Path, mag: Mag, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Return a bundle of an experiment of changed code, whose repository is gone."""
    (versioned / "model.py").write_text("FACTOR = 3\n")
    text = (versioned / "train.py").read_text().replace("import mag", "import mag, model")
    (versioned / "train.py").write_text(text.replace("config.C *", "model.FACTOR * config.C *"))
    mag("run", "C=10")
    file = tmp_path_factory.mktemp("bundle") / "result.mag"
    done = mag("export", "--bundle", "10|0.5", "-o", str(file))
    assert done.returncode == 0, done.stderr
    monkeypatch.chdir(file.parent)
    versioned.rename(file.parent / "gone")
    return file


@pytest.mark.parametrize("place", ["a clone", "a repository of something else", "no repository"])
def test_it_comes_back_elsewhere(place: str, bundle: Path, mag: Mag, git: Git) -> None:
    """From the file alone the experiment reruns on another machine, in a repository or outside of any."""
    elsewhere = bundle.with_name("elsewhere")
    elsewhere.mkdir()
    os.chdir(elsewhere)
    if place == "a clone":
        git("clone", "-q", str(bundle.with_name("gone")), ".")
    elif place != "no repository":
        git("init", "-q")
    bundle.with_name("gone").rename(bundle.with_name("gone for good"))
    done = mag("import", str(bundle))

    assert (done.returncode, done.stdout) == (0, f"{elsewhere}/experiments/10|0.5\n"), done.stderr
    again = mag("rerun", "10|0.5")
    assert (again.returncode, "score\t15.0\t15.0\tyes" in again.stdout) == (0, True), again.stderr
    restored = Path(mag("restore", "10|0.5").stdout.strip())
    assert (restored / "mag-config.json").is_file()
    assert not restored.is_relative_to(elsewhere / "experiments")
    assert mag("import", str(bundle)).returncode == 2


def test_what_is_no_bundle(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of another kind, and one that would write elsewhere, are refused, and nothing is left."""
    monkeypatch.chdir(tmp_path)
    Path("text.mag").write_text("no bundle")
    with tarfile.open("empty.mag", "w:gz"):
        pass
    with tarfile.open("evil.mag", "w:gz") as archive:
        member = tarfile.TarInfo("../../evil")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))

    for name in ("text.mag", "empty.mag", "evil.mag", "missing.mag"):
        assert run("import", name).status == 2
    assert "text.mag is no file that `mag export --bundle` wrote" in run("import", "text.mag").err
    assert list(Path("experiments/.mag").iterdir()) == []
    assert not list(tmp_path.parent.rglob("evil"))


def test_without_code(project: Path, mag: Mag, tmp_path: Path) -> None:
    """An experiment whose code was not recorded is exported without, and says so."""
    mag("run")
    done = mag("export", "--bundle", "1|0.5")

    assert (done.returncode, "its code was not recorded" in done.stderr) == (0, True)
    assert (project / "1|0.5.mag").exists()
    assert mag("import", "1|0.5.mag", "--dir", str(tmp_path / "other")).returncode == 0


def forge(bundle: Path, **fields: object) -> Path:
    """Return a bundle whose record says something else; `link` puts a link in place of the experiment, and so on."""
    folder = Path("forged")
    with tarfile.open(bundle) as archive:
        archive.extractall(folder, filter="data")
    if fields.pop("link", False):
        (folder / "experiment").rename(folder / "other")
        (folder / "experiment").symlink_to("other")
    plant(folder, str(fields.pop("plant", "")))
    record = folder / "experiment" / ".mag" / "record.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | fields))
    with tarfile.open("forged.mag", "w:gz") as archive:
        for path in folder.iterdir():
            archive.add(path, path.name)
    return Path("forged.mag")


def plant(folder: Path, what: str) -> None:
    """Put into an unpacked bundle what none should have."""
    if what == "repository":
        (folder / "experiment" / "x" / ".GIT").mkdir(parents=True)
    elif what == "gitfile":
        (folder / "code.bundle").write_text("gitdir: experiment/evil\n")
    elif what == "link":
        (folder / "experiment" / "out").symlink_to("../environment.json")
    elif what == "version":
        (folder / "bundle.json").write_text('{"version": 2}')


FORGED = [{"identifier": name} for name in ("a\0b", "a\x1b[2J", "a\udc80", "../x", "/x", "..", "", ".mag")]


PLANTED = [{"plant": what} for what in ("repository", "gitfile", "link", "version")]


@pytest.mark.parametrize("fields", [*FORGED, {"link": True}, {"config": 3}, *PLANTED])
def test_a_forged_bundle(project: Path, mag: Mag, run: Run, fields: dict[str, object]) -> None:
    """A name that no experiment can have, or a link in its place, is refused, and nothing is taken in."""
    mag("run")
    run("export", "--bundle", "1|0.5", "-o", "true.mag")
    done = run("import", str(forge(project / "true.mag", **fields)), "--dir", "store")

    assert (done.status, done.out) == (2, "")
    assert [str(path) for path in Path("store").rglob("*")] == ["store/.mag"]


def test_a_bundle_is_complete_or_refused(
    bundle: Path, mag: Mag, run: Run, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a shallow clone none is made, and the command that helps helps."""
    gone, clone = bundle.with_name("gone"), bundle.with_name("clone")
    git("add", "model.py", "train.py", folder=gone)
    git("commit", "-q", "-m", "second", folder=gone)
    git("clone", "-q", "--depth", "1", f"file://{gone}", str(clone), folder=gone)
    monkeypatch.chdir(clone)
    mag("run", "C=3")
    refused = run("export", "--bundle", "3|0.5", "-o", "x.mag")

    assert (refused.status, "git fetch --unshallow" in refused.err) == (2, True), refused.err
    assert not Path("x.mag").exists()
    git("fetch", "-q", "--unshallow", folder=clone)
    assert run("export", "--bundle", "3|0.5", "-o", "x.mag").status == 0


def test_a_file_that_was_cut_off(bundle: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused in one sentence, wherever it was cut, and nothing is taken in."""
    content = bundle.read_bytes()
    monkeypatch.chdir(tmp_path.parent)
    for part in (0, 10, len(content) // 2, len(content) - 20):
        Path("cut.mag").write_bytes(content[:part])
        assert run("import", "cut.mag", "--dir", "cut").status == 2
    assert [str(path) for path in Path("cut").rglob("*")] == ["cut/.mag"]


def test_submodules_come_along(versioned: Path, mag: Mag, git: Git, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The code of submodules is in the file, too."""
    library, elsewhere = tmp_path_factory.mktemp("library"), tmp_path_factory.mktemp("elsewhere")
    git("init", "-q", folder=library)
    (library / "factor.py").write_text("FACTOR = 3\n")
    git("add", ".", folder=library)
    git("commit", "-q", "-m", "x", folder=library)
    git("submodule", "--quiet", "add", str(library), "lib")
    text = (versioned / "train.py").read_text().replace("import mag", "import mag, lib.factor")
    (versioned / "train.py").write_text(text.replace("config.C *", "lib.factor.FACTOR * config.C *"))
    git("add", ".")
    git("commit", "-q", "-m", "lib")
    mag("run", "C=10")
    assert mag("export", "--bundle", "10|0.5", "-o", str(elsewhere / "x.mag")).returncode == 0
    os.chdir(elsewhere)
    mag("import", "x.mag")
    again = mag("rerun", "10|0.5")

    assert (again.returncode, "score\t15.0\t15.0\tyes" in again.stdout) == (0, True), again.stderr


def test_what_may_be_secret_is_named(versioned: Path, mag: Mag, run: Run, git: Git) -> None:
    """Each file in a bundle that holds what looks like a secret is named; no other is."""
    secret = {"tracked.yaml": "db: {password: hunter2}\n", "settings.py": "API_KEY = 'hunter2'\n", "id_rsa": "x"}
    fine = {"fine.yaml": "password: null\nmax_token: 3\n", "fine.py": "token = tokenizer(x)\n"}
    for name, content in (secret | fine).items():
        (versioned / name).write_text(content)
    git("add", ".")
    (versioned / "configs" / "config.yaml").write_text("C: 1\ngamma: 0.5\napi_key: hunter2\n")
    mag("run")
    name = next(path.name for path in Path("experiments").glob("1*"))
    said = run("export", "--bundle", name, "-o", "x.mag").err
    named = {line.rpartition(": ")[2] for line in said.splitlines() if "looks like a secret" in line}

    assert named == {*secret, "configs/config.yaml"}, said
