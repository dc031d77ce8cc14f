"""The page: a report's data, scripts and styles as one HTML file that needs nothing else.

Names, values and logs are data and never markup: they stand in a JSON block in which `<` is escaped, and the page's own
script writes them as text. A content security policy allows exactly the scripts that are in the file.
"""

import base64
import hashlib
import json
from html import escape
from pathlib import Path
from typing import Any

from mag.patterns import compile_lazily

_FOLDER = Path(__file__).parent / "web"
_SCRIPTS = ("vendor/echarts.min.js", "vendor/tabulator.min.js", "page.js")
_PLACE = compile_lazily(r"\{\{(\w+)\}\}")
_STYLES = ("vendor/tabulator.min.css", "page.css")


def render_page(report: dict[str, Any], *, connect: str = "'none'") -> str:
    """Return a report as one HTML file.

    Args:
        report: What `build_report` returned.
        connect: Where the page's script may connect to, as a content security policy has it: nowhere.
    """
    scripts = [_read(name) for name in _SCRIPTS]
    data = json.dumps(report, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'"
    )
    parts = {
        "policy": escape(policy),
        "title": escape(str(report["title"])),
        "styles": "\n".join(map(_read, _STYLES)),
        "data": data,
        "scripts": "\n".join(f"<script>{script}</script>" for script in scripts),
    }
    # in one pass: what is filled in may itself look like a place to fill
    return _PLACE.sub(lambda place: parts[place[1]], _read("page.html"))


def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
