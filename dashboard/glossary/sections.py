"""The search, and the terms that it finds."""

import html
from collections.abc import Mapping

import streamlit as st

from dashboard.access import addresses
from dashboard.components import elements, inputs, terms


def asked() -> str:
    """What is searched for, in the URL: glossary?term=logSNR is the address of that term."""
    placeholder = "logSNR, guidance, first recognized, …"
    return (
        st.text_input("Search", key="term", bind="query-params", placeholder=placeholder, help=inputs.says("Search"))
        or ""
    )


def listed(words: str, pages: Mapping[str, str]) -> None:
    """The terms that hold these words; one that has them for its name comes first. pages: address -> title."""
    found, own = terms.found(words), words.strip().casefold()
    many = len(terms.terms())
    elements.headline(f"{len(found)} of {many} terms hold these words." if own else f"{many} terms and what they mean.")
    found.sort(key=lambda term: own not in [each.casefold() for each in (term.name, *term.labels)])
    st.html(f'<dl class="terms">{"".join(_entry(term, pages) for term in found)}</dl>')


def _entry(term: terms.Term, pages: Mapping[str, str]) -> str:
    own = addresses.page_address("glossary", {"term": term.name}, addresses.base_path())
    seen = addresses.page_address(term.page, {}, addresses.base_path())
    also = " · ".join(label for label in term.labels if label.casefold() != term.name.casefold())
    said = f' <span class="also">Also: {html.escape(also)}.</span>' if also else ""
    return (
        f'<dt><a href="{html.escape(own)}" target="_self">{html.escape(term.name)}</a></dt>'
        f"<dd>{html.escape(term.says)}{said} "
        f'<a href="{html.escape(seen)}" target="_self">On {html.escape(pages[term.page])}</a></dd>'
    )
