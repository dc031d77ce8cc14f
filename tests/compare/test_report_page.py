"""Laws of a report's page: one file, in which data is never markup."""

import hashlib
import json
import re
import tomllib
from pathlib import Path

import pytest

import mag.compare.report
from mag.compare.report import render_page

VENDOR = Path(mag.compare.report.__file__).parent / "web" / "vendor"
HOSTILE = "</script><script>alert(1)</script><!-- {{data}} {{scripts}} & \" ' \u2028"


def render(text: str) -> str:
    """Return the page of a report in which the text stands everywhere."""
    return render_page({"title": text, "names": [text], "columns": [], "values": [], "constants": {text: text}})


def test_data_comes_back_as_it_was() -> None:
    """What stands in the data block is the report, whatever it holds."""
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', render(HOSTILE), re.DOTALL)

    assert json.loads(data)["constants"] == {HOSTILE: HOSTILE}


def test_data_adds_no_markup() -> None:
    """A hostile text opens and closes as many elements as a harmless one."""
    assert render(HOSTILE).count("<script") == render("x").count("<script")


def test_nothing_is_loaded_from_elsewhere() -> None:
    """The policy allows the file's own scripts and no connection."""
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', render("x"))

    assert policy is not None
    assert "default-src &#x27;none&#x27;" in policy[1]
    assert "connect-src &#x27;none&#x27;" in policy[1]
    assert "unsafe-inline" not in policy[1].partition("style-src")[0]


def test_vendored_files_are_unmodified() -> None:
    """Each file in the folder is listed with its checksum, and is what it was."""
    manifest = tomllib.loads((VENDOR / "manifest.toml").read_text())
    listed = {name: digest for project in manifest.values() for name, digest in project["sha256"].items()}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir()}
    del found["manifest.toml"]

    assert found == listed


@pytest.mark.parametrize("key", ["version", "licence"])
def test_vendored_projects_say_what_they_are(key: str) -> None:
    """The manifest names version and licence of each project."""
    assert all(project[key] for project in tomllib.loads((VENDOR / "manifest.toml").read_text()).values())
