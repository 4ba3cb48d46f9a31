"""Links of the built pages: inside ones lead somewhere, outside ones are listed, nothing is loaded from elsewhere."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}
OUTSIDE = re.compile(r"^(https?:)?//")
IN_CSS = re.compile(r"url\(\s*['\"]?((?:https?:)?//[^'\")]+)|@import\s+['\"]((?:https?:)?//[^'\"]+)")
IN_SCRIPT = re.compile(r"""(?:src|href)\s*=\s*["']((?:https?:)?//[^"']+)|fetch\(["']((?:https?:)?//[^"']+)""")


@dataclass
class Found:
    """What a folder of HTML holds: the number of inside links, the dead ones, outside addresses, what is loaded."""

    inside: int = 0
    dead: list[str] = field(default_factory=list)
    outside: set[str] = field(default_factory=set)
    loaded: list[str] = field(default_factory=list)


class Page(HTMLParser):
    """The links and anchors of one file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors, self.links, self.loads = {"", "top"}, list[str](), list[str]()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what this element names, leads to or loads."""
        held = {key: value or "" for key, value in attrs}
        self.anchors |= {held[key] for key in ("id", "name") if key in held}
        if tag == "a" and "href" in held:
            self.links.append(held["href"])
        if (address := held.get(LOADS.get(tag, ""), "")) and held.get("rel") != "canonical":
            self.loads.append(address)


def look(folder: Path) -> Found:
    """Every link of every .html below `folder`, and every address that its .css and .js load."""
    pages = {path: Page(path) for path in sorted(folder.rglob("*.html"))}
    found = Found()
    for path, page in pages.items():
        name = path.relative_to(folder)
        found.outside |= {link for link in page.links if OUTSIDE.match(link)}
        found.loaded += [f"{name}: {address}" for address in page.loads if OUTSIDE.match(address)]
        for link in [*page.links, *page.loads]:
            if urlsplit(link).scheme or OUTSIDE.match(link):
                continue
            found.inside += 1
            if not leads(path, link, pages):
                found.dead.append(f"{name}: {link}")
    for path in sorted(folder.rglob("*")):
        pattern = {".css": IN_CSS, ".js": IN_SCRIPT}.get(path.suffix)
        if pattern:
            hits = pattern.findall(path.read_text(errors="replace"))
            found.loaded += [f"{path.relative_to(folder)}: {''.join(hit)}" for hit in hits]
    return found


def leads(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    """Whether a link of the file `path` has a file, and an anchor in it, at its end."""
    parts = urlsplit(link)
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
    target = target / "index.html" if target.is_dir() else target
    held = pages.get(target)
    return target.is_file() and (held is None or unquote(parts.fragment) in held.anchors)
