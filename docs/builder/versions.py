"""The versions of the docs that lie in one folder, for the switch in their sidebar."""

import json
from pathlib import Path


def write(out: Path) -> None:
    """Write versions.js, and an index.html that leads to the last version."""
    folders = sorted(path for path in out.iterdir() if (path / "searchindex.js").exists())
    held = {
        folder.name: sorted(str(page.relative_to(folder).with_suffix("")) for page in folder.rglob("*.html"))
        for folder in folders
    }
    (out / "versions.js").write_text(f"window.FIRSTLIGHT_VERSIONS = {json.dumps(held)}\n")
    first = "latest" if "latest" in held else folders[-1].name
    forward = f'<meta http-equiv="refresh" content="0; url={first}/index.html">'
    page = f'<!doctype html><title>Firstlight</title>{forward}<a href="{first}/index.html">Firstlight</a>\n'
    (out / "index.html").write_text(page)
