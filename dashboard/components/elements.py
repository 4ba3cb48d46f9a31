"""Titles, headlines, notes, tables and charts of a page; words from runs as literal text."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NoReturn

import pandas as pd
import streamlit as st

from dashboard.charts.narrow import narrowed
from dashboard.charts.theme import CONFIG, Figure
from dashboard.components import csv_download, inputs, screen, terms
from dashboard.components.inputs import escaped
from dashboard.components.static_page import still
from dashboard.pictures import grid
from dashboard.pictures.narrow_plate import wrapped
from firstlight.archives import archive
from firstlight.command_text import flag
from sampler.origin import Origin, signed, stem, told

NARROW, VERDICTS, TERMS = (Path(__file__).with_name(f"{name}.css") for name in ("narrow", "verdicts", "terms"))
STYLES = (Path(__file__).parent.parent / "style.css", NARROW, VERDICTS, TERMS)
NARROWEST = 320  # pixels that a page has for a picture on a narrow screen
MANY = 12  # rows of which a narrow screen shows the first alone
LETTER, BETWEEN = 7.4, 24  # pixels of a letter in a table, and between its columns
NOTHING: Origin = {}
UNMARKED: Mapping[str, str] = {}


def title(name: str, question: str) -> None:
    """A page's name and the question it answers. Both must be ours: they are read as Markdown."""
    st.title(name, anchor=False)
    st.caption(question)


def headline(text: str) -> None:
    """The page's one-sentence answer, computed, as literal text; below it, quieter, what stands on further lines."""
    first, *rest = explained(text).replace(" %", "&nbsp;%").split("\n")
    st.html("".join([f'<p class="headline">{first}</p>', *(f'<p class="note">{line}</p>' for line in rest)]))


def note(text: str, badge: str = "") -> None:
    """A quiet line of literal text, behind a badge where one is given."""
    st.html(quiet(text, badge))


def quiet(text: str, badge: str = "") -> str:
    """The line that `note` shows, as HTML."""
    before = f'<span class="badge">{html.escape(badge)}</span> ' if badge else ""
    return f'<p class="note">{before}{explained(text)}</p>'


@lru_cache(4096)
def explained(text: str) -> str:
    """Literal text as HTML, in which each term says what it means where it stands first."""
    parts, end = list[str](), 0
    for place in terms.places(text):
        parts += [html.escape(text[end : place.start]), _term(text[place.start : place.end], place.term.says)]
        end = place.end
    return "".join([*parts, html.escape(text[end:])])


def explained_together(texts: Sequence[str]) -> list[str]:
    """The same of texts that are read one after the other: a term says what it means in the first that has it."""
    return explained("\n".join(text.replace("\n", " ") for text in texts)).split("\n")[: len(texts)]


def notice(text: str) -> None:
    """What must not be overlooked, as literal text."""
    st.html(f'<p class="notice" role="status">{explained(text).replace(" %", "&nbsp;%")}</p>')


def notices(texts: Sequence[str]) -> None:
    """Each of these, if there are any, as what must not be overlooked."""
    for text in texts:
        notice(text)


def named(label: str) -> str:
    """The name of a column or a figure as HTML; what it means is said where one points at it or taps on it."""
    says = terms.meaning(label)
    return _term(label, says) if says else html.escape(label)


def _term(word: str, says: str) -> str:
    return f'<span class="term" tabindex="0" aria-description="{html.escape(says)}">{html.escape(word)}</span>'


def meanings(labels: Sequence[str]) -> None:
    """Columns whose heads say nothing to whoever taps on them, each with its meaning."""
    st.html(f'<p class="note">What the columns mean: {", ".join(map(named, labels))}.</p>')


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Names and values, one pair after the other, as literal text."""
    values = explained_together([value for _, value in pairs])
    rows = "".join(f"<dt>{named(name)}</dt><dd>{value}</dd>" for (name, _), value in zip(pairs, values, strict=True))
    st.html(f'<dl class="facts">{rows}</dl>')


def table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], name: str = "table",
    data: pd.DataFrame | Callable[[], pd.DataFrame] | None = None,
) -> None:  # fmt: skip
    """A small table, as literal text, and buttons that save it as CSV and Parquet: its `data`, unrounded, where they
    are given, else what is shown. What makes the data, a row for each that is shown, is asked when one is pressed.
    """
    plain_table(headings, rows, name)
    if isinstance(data, pd.DataFrame):
        csv_download.save_filtered(lambda: data, name, len(data))
    elif data is not None:
        csv_download.save_filtered(data, name, len(rows))
    else:
        shown = lambda: pd.DataFrame(list(rows), columns=list(headings))  # noqa: E731
        csv_download.save_filtered(shown, name, len(rows), csv_download.SHOWN)


def plain_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], name: str = "table", marked: Mapping[str, str] = UNMARKED
) -> None:
    """A small table, as literal text. marked: the HTML of cells that say this."""
    cells = [[marked.get(text) or html.escape(text) for text in row] for row in rows]
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells)
    st.html(framed(headings, body, name, "cards" if _wide(headings, rows) else ""))


def framed(headings: Sequence[str], body: str, name: str, kind: str = "") -> str:
    """A table around the HTML of its rows, in a frame of its own.

    As `cards` each row stands alone on a narrow screen, and narrow.css writes before each value what it is; of many
    rows it shows the first until one asks for all.
    """
    head, rows = "".join(f"<th>{named(text)}</th>" for text in headings), body.count("<tr>")
    every = f"""<label class="all" style="--rows:'{rows:,}'"><input type="checkbox" aria-label="all rows"></label>"""
    every = every if kind == "cards" and rows > MANY else ""
    return (
        f'<div class="wide" role="region" aria-label="{html.escape(name)}" tabindex="0">{every}'
        f'<span class="more"></span><table class="figures {kind}" style="{heads(headings)}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def heads(headings: Sequence[str]) -> str:
    """The names of columns as narrow.css reads them: --h1, --h2, …, each a text in quotes."""
    texts = [" ".join(text.split()).replace("\\", r"\5c ").replace("'", r"\27 ") for text in headings]
    return html.escape("".join(f"--h{place}:'{text}';" for place, text in enumerate(texts, 1)))


def _wide(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table has more columns than a narrow screen has room for."""
    words = [[*head.split(), *cells] for head, *cells in zip(headings, *rows, strict=False)]
    return sum(LETTER * max(map(len, column), default=0) + BETWEEN for column in words) > NARROWEST


def damaged(bad: pd.DataFrame) -> None:
    """The damaged runs with their reasons, as literal text. bad: the query `damaged_runs`."""
    if not bad.empty:
        rows = "".join(
            f'<li><span class="badge">damaged</span> {html.escape(run)}: {html.escape(reason)}</li>'
            for run, reason in zip(bad["run"], bad["reason"], strict=True)
        )
        st.html(f'<ul class="damaged">{rows}</ul>')
        more = f"{bad['found'].iloc[0] - len(bad):,} more. " if bad["found"].iloc[0] > len(bad) else ""
        how = f"firstlight store verify{flag(archive())}"
        note(f"{more}Damaged runs are left out of every page. Check them with: {how}")


def stop(message: str) -> NoReturn:
    """End the page with one sentence, as literal text."""
    st.info(literal(message))
    st.stop()


def literal(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return escaped(text)


def dark() -> bool:
    """Whether the browser shows the dark theme."""
    return st.context.theme.type != "light"


def chart(figure: Figure, key: str, alt: str, data: pd.DataFrame | None = None) -> None:
    """A figure in the browser's theme, saved as SVG by its own button, and a button that saves its `data` as CSV.

    The files' names say what page, run and settings they are of; the SVG says it inside too.
    """
    from dashboard.charts.sent_figure import Spec, spec  # here, because plotly takes a while

    origin = inputs.shown() | {"figure": key}
    image = {"format": "svg", "filename": stem(origin), "says": told(origin)}
    shown = Spec(figure) if still() else spec(narrowed(figure) if screen.narrow() else figure, dark())
    st.plotly_chart(shown, key=key, theme=None, config=CONFIG | {"toImageButtonOptions": image}, alt=alt)
    if data is not None:
        csv_download.save_rows(data, key)


def picture(content: bytes, alt: str, key: str | None = "", of: Origin = NOTHING) -> None:
    """A PNG, every pixel of it a whole number of the screen's, and a button that saves it.

    Its file says, in its name and in itself, what page, run and settings it is of, and what else it is `of`; `key` is
    what it is called there. Without a key (None) it says nothing, and nothing saves it.
    """
    name = key or re.sub(r"\W+", "-", alt.lower())[:40].strip("-")
    origin = inputs.shown() | {"figure": name} | dict(of)
    if still():
        said, small = html.escape(alt), wrapped(content, NARROWEST)
        address = grid.address(content if key is None else signed(content, origin))
        file = "" if key is None else f' data-file="{html.escape(stem(origin))}.png"'
        other = f'<source media="(max-width: 640px)" srcset="{grid.address(small)}">' if small != content else ""
        st.html(
            f'<div class="picture" tabindex="0" role="region" aria-label="{said}">'
            f'<picture>{other}<img src="{address}"{file} alt="{said}"></picture></div>'
        )
        return
    st.image(fitted(content), output_format="PNG", alt=alt)
    if key is not None:
        save_picture("PNG", lambda: signed(content, origin), origin, "png")


def save_picture(label: str, content: Callable[[], bytes], origin: Origin, ending: str) -> None:
    """A button that saves a picture, made when it is pressed, under a name that says where it comes from."""
    kind = "svg+xml" if ending == "svg" else ending
    st.download_button(
        label, content, f"{stem(origin)}.{ending}", f"image/{kind}", key=f"{origin['figure']}-{ending}",
        type="tertiary", on_click="ignore",
    )  # fmt: skip


def fitted(content: bytes) -> bytes:
    """A plate cut to the width of a narrow screen, where it is read on one."""
    return wrapped(content, NARROWEST) if screen.narrow() else content


def style() -> None:
    """The few rules that the theme cannot say."""
    st.html(_style())


@cache
def _style() -> str:
    return f"<style>{''.join(path.read_text(encoding='utf-8') for path in STYLES)}</style>"
