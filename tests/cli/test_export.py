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


def test_what_is_no_bundle(tmp_path: Path, mag: Mag, monkeypatch: pytest.MonkeyPatch) -> None:
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
        assert mag("import", name).returncode == 2
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
    """Return a bundle whose record says something else; `link` puts a link in place of the experiment."""
    folder = Path("forged")
    with tarfile.open(bundle) as archive:
        archive.extractall(folder, filter="data")
    if fields.pop("link", False):
        (folder / "experiment").rename(folder / "other")
        (folder / "experiment").symlink_to("other")
    record = folder / "experiment" / ".mag" / "record.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | fields))
    with tarfile.open("forged.mag", "w:gz") as archive:
        for path in folder.iterdir():
            archive.add(path, path.name)
    return Path("forged.mag")


FORGED = [{"identifier": name} for name in ("a\0b", "a\x1b[2J", "a\udc80", "../x", "/x", "..", "", ".mag")]


@pytest.mark.parametrize("fields", [*FORGED, {"link": True}, {"config": 3}])
def test_a_forged_bundle(project: Path, mag: Mag, fields: dict[str, object]) -> None:
    """A name that no experiment can have, or a link in its place, is refused, and nothing is taken in."""
    mag("run")
    mag("export", "--bundle", "1|0.5", "-o", "true.mag")
    done = mag("import", str(forge(project / "true.mag", **fields)), "--dir", "store")

    assert (done.returncode, "Traceback" in done.stderr, done.stdout) == (2, False, "")
    assert [str(path) for path in Path("store").rglob("*")] == ["store/.mag"]
