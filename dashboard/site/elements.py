"""Streamlit's elements as HTML that needs no Streamlit."""

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from dashboard.charts.narrow import narrowed
from dashboard.components.static_page import SavedFile
from dashboard.site.tables import table

LEFT_OUT = ("form", "button", "empty", "text_input", "text_area", "pagination", "progress")
CONTROLS = ("selectbox", "multiselect", "slider", "number_input", "button_group", "toggle")
MENU = ("run", "baseline", "class", "with")  # keys of controls that stand in the site's own menu
SHOWN = "\0"  # where the line stands that says what controls show
LINK_BUTTON = "firstlight_link"  # copies the address, which the browser shows
HERE = re.compile(r'href="/([a-z-]*)\?([^"]*)"')  # a page of the dashboard, as its links name it
BOLD, CODE = re.compile(r"\*\*(.+?)\*\*"), re.compile(r"`(.+?)`")
ESCAPED = re.compile(r"\\(.)")


@dataclass
class Page:
    """What becomes of a page: its HTML, and the components and figures in it."""

    up: str  # from the page's file to the site's root: "" or "../"
    stem: str  # of the page's file: what is saved lies beside it, under a name that begins so
    saved: Mapping[str, SavedFile]  # what the page's buttons save, by their keys
    files: dict[str, bytes] = field(default_factory=dict)  # of those, by the name of each beside the page
    components: dict[str, tuple[str, str]] = field(default_factory=dict)  # name -> its JavaScript and its style
    figures: int = 0

    def html_of(self, node: Any) -> str:
        """A node of Streamlit's tree with all below it."""
        kind = str(getattr(node, "type", ""))
        if kind in LEFT_OUT:
            return ""
        if kind in BLOCKS:
            return BLOCKS[kind](self, node)
        if hasattr(node, "children"):
            return self._inside(node)
        return LEAVES[kind](self, node) if kind in LEAVES else ""

    def _inside(self, block: Any) -> str:
        """What stands in a block; its controls become one line that says what they show.

        A heading with nothing below it is left out.
        """
        parts, shown, heads = list[str](), list[str](), list[int]()
        for node in block.children.values():
            if getattr(node, "type", "") in CONTROLS:
                if not shown:
                    parts.append(SHOWN)
                shown += filter(None, [_shown(node)])
                continue
            if getattr(node, "type", "") == "subheader":
                heads.append(len(parts))
            parts.append(self.html_of(node))
        for head, end in pairwise([*heads, len(parts)]):
            if not "".join(parts[head + 1 : end]):
                parts[head] = ""
        line = f'<p class="note">{"; ".join(html.escape(text) for text in shown)}</p>' if shown else ""
        return "".join(parts).replace(SHOWN, line)

    def _expander(self, node: Any) -> str:
        inside = self._inside(node)
        return f"<details><summary>{_text(node.label)}</summary>{inside}</details>" if inside else ""

    def _tab(self, node: Any) -> str:
        inside, name = self._inside(node), str(node.label)
        anchor = re.sub(r"[^a-z0-9]+", "-", name.lower())
        return f'<section id="part-{anchor}" data-part="{html.escape(name)}"><h2>{_text(name)}</h2>{inside}</section>'

    def _columns(self, node: Any) -> str:
        horizontal = all(getattr(child, "type", "") == "column" for child in node.children.values()) and node.children
        inside = self._inside(node)
        return f'<div class="columns">{inside}</div>' if horizontal else inside

    def _column(self, node: Any) -> str:
        return f"<div>{self._inside(node)}</div>"

    def _figure(self, node: Any) -> str:
        self.figures += 1
        key, name = node.proto.id.split("-", 2)[2], f"figure-{self.figures}"
        alt = html.escape(getattr(node.proto, "alt", "") or key)
        saved = html.escape(json.dumps(json.loads(node.proto.config)["toImageButtonOptions"]))
        return (
            f'<figure id="{html.escape(key)}"><div class="scroll" tabindex="0" role="region" aria-label="{alt}">'
            f'<div class="chart" data-figure="{name}" data-saved="{saved}"></div></div></figure>'
            f'<script type="application/json" id="{name}">{_json(_both(json.loads(node.proto.spec)))}</script>'
        )

    def _component(self, node: Any) -> str:
        proto = node.proto
        if proto.component_name == LINK_BUTTON:
            return ""
        self.components[proto.component_name] = (proto.js_content, proto.css_content)
        self.figures += 1
        data = json.loads(proto.json) | {"fork": False}
        name, place = proto.component_name, f"figure-{self.figures}"
        return (
            f'<div class="component" data-component="{name}" data-content="{place}">{proto.html_content}</div>'
            f'<script type="application/json" id="{place}">{_json(data)}</script>'
        )

    def _download(self, node: Any) -> str:
        """What a button saves, in a file beside the page; other buttons save what a reader does there."""
        key = node.proto.id.split("-", 2)[2]
        found = self.saved.get(key)
        if found is None:
            return ""
        name = f"{self.stem}-{key.partition('-csv')[0]}.{found.name.rpartition('.')[2]}"
        self.files[name] = found.content
        return (
            f'<p class="note"><a href="{quote(name)}" download>{_text(node.proto.label)}</a>: '
            f"{html.escape(found.said)}</p>"
        )

    def _html(self, node: Any) -> str:
        return HERE.sub(self._link, str(node.proto.body))

    def _link(self, found: re.Match[str]) -> str:
        folder = f"{found[1]}/" if found[1] else ""
        return f'href="{self.up}{folder}index.html?{found[2]}"'


def _both(figure: dict[str, Any]) -> dict[str, Any]:
    """A figure, and what of it is otherwise on a narrow screen: of each trace what differs, and the whole layout."""
    small = narrowed(figure)
    apart = [
        {key: value for key, value in new.items() if value != old.get(key)}
        for old, new in zip(figure["data"], small["data"], strict=True)
    ]
    return figure | {"narrow": {"data": apart, "layout": small["layout"]}}


def _text(markdown: str) -> str:
    """Text that was escaped for Markdown, for HTML."""
    return html.escape(ESCAPED.sub(r"\1", markdown))


def _markdown(page: Page, node: Any) -> str:
    """What pages write as Markdown themselves: paragraphs or one list, with bold words and code."""
    text = CODE.sub(r"<code>\1</code>", BOLD.sub(r"<b>\1</b>", html.escape(ESCAPED.sub(r"\1", node.proto.body))))
    lines = text.strip().split("\n")
    if all(line.startswith("- ") for line in lines):
        return f"<ul>{''.join(f'<li>{line[2:]}</li>' for line in lines)}</ul>"
    return f"<p>{' '.join(lines)}</p>"


def _page_link(page: Page, node: Any) -> str:
    folder = f"{node.proto.page}/" if node.proto.page else ""
    query = f"?{node.proto.query_string}" if node.proto.query_string else ""
    address = html.escape(f"{page.up}{folder}index.html{query}")
    return f'<p class="onward"><a href="{address}">{_text(node.proto.label)}</a></p>'


def _json(value: Any) -> str:
    """JSON that closes no script."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _shown(node: Any) -> str:
    """A control's label and what it shows; empty where it shows nothing, or the site's menu does."""
    label, value = str(node.proto.label), getattr(node, "value", None)
    if isinstance(value, (list, tuple)):
        value = ", ".join(str(each) for each in value)
    if value in (None, "") or node.proto.id.rpartition("-")[2] in MENU:
        return ""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    return f"{label}: {value:g}" if isinstance(value, float) else f"{label}: {value}"


def _heading(level: int, page: Page, node: Any) -> str:
    return f"<h{level}>{_text(node.proto.body)}</h{level}>"


def _note(page: Page, node: Any) -> str:
    return f'<p class="note">{_text(node.proto.body)}</p>'


def _table(page: Page, node: Any) -> str:
    return table(node.value, json.loads(node.proto.columns or "{}"))


Leaf = Callable[[Page, Any], str]
LEAVES: Mapping[str, Leaf] = {
    "title": partial(_heading, 1), "header": partial(_heading, 2), "subheader": partial(_heading, 3),
    "caption": _note, "markdown": _markdown, "page_link": _page_link, "info": _note, "html": Page._html,
    "plotly_chart": Page._figure, "bidi_component": Page._component, "arrow_data_frame": _table, "dataframe": _table,
    "download_button": Page._download,
}  # fmt: skip
BLOCKS: Mapping[str, Leaf] = {
    "expander": Page._expander,
    "tab": Page._tab,
    "column": Page._column,
    "flex_container": Page._columns,
}
