"""Build the docs into a folder that opens with or without a server: `make docs`.

Each version lies in a folder of its own; versions.js beside them says which there are, with their pages.
"""

import argparse
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT)]

import links  # noqa: E402
import pictures  # noqa: E402
import versions  # noqa: E402
from sphinx.cmd.build import main as sphinx  # noqa: E402


def build(out: Path, version: str, with_pictures: bool) -> int:
    """Pictures, pages, the list of versions, links; returns 0 where nothing is wrong. Prints what came of each."""
    made = out.parent / "docs-pictures"
    said = pictures.make(made) if with_pictures else "not asked for"
    os.environ |= {
        "FIRSTLIGHT_DOCS_VERSION": version,
        "FIRSTLIGHT_DOCS_PICTURES": "" if said else str(made),
    }
    if said:
        print(f"Pictures of the dashboard's pages were not made: {said}.")
    target, trees = out / version, out.parent / "docs-trees"
    strict = ["-b", "html", "-W", "--keep-going", "-E", "-q", "-c", str(HERE), "-d", str(trees)]
    if sphinx([*strict, str(ROOT / "docs"), str(target)]):
        return 1
    versions.write(out)
    return tell(links.look(out), out)


def tell(found: links.Found, out: Path) -> int:
    """Print what the links are; 1 where one is dead or something is loaded from another host."""
    for line in found.dead:
        print(f"Dead link: {line}", file=sys.stderr)
    for line in found.loaded:
        print(f"Loaded from another host: {line}", file=sys.stderr)
    (out / "outside-links.txt").write_text("".join(f"{link}\n" for link in sorted(found.outside)))
    print(
        f"0 warnings; {found.inside:,} links inside, {len(found.dead)} dead; {len(found.loaded)} things loaded from "
        f"another host; {len(found.outside)} addresses outside, listed in {out / 'outside-links.txt'}, not fetched."
    )
    return int(bool(found.dead or found.loaded))


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Build the docs.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "docs", help="(default: build/docs)")
    parser.add_argument("--version", default="latest", help="the folder's name, such as 0.1.0 (default: latest)")
    parser.add_argument("--no-pictures", action="store_true", help="leave out pictures of the dashboard's pages")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    return build(given.out.resolve(), given.version, not given.no_pictures)


if __name__ == "__main__":
    sys.exit(main())
