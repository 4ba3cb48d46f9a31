"""The rooms inside dashboard/: a page is drawn by the folder of its name, and what two pages need lies below them."""

import re
from pathlib import Path

import pytest
from test_rooms import imported_modules

ROOT = Path(__file__).parent.parent
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
LENDERS = {"ask", "compare", "claims", "report"}  # their subject is the other pages
COMMAND, SITE = "dashboard/__main__.py", "dashboard/site"  # writes and checks reports; files of all pages
NAMED = re.compile(r"`((?:[a-z_]+/)*[a-z_]+(?:\.[a-z]+|/))`")  # a file or a folder in a Markdown text


def folders(path: Path) -> set[str]:
    """The page folders that a file imports from."""
    return {name.split(".")[1] for name in imported_modules(path) if name.startswith("dashboard.")} & set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_drawn_by_the_folder_of_its_name(page: str) -> None:
    assert (ROOT / "dashboard" / page / "__init__.py").is_file()
    assert folders(ROOT / "pages" / f"{page}.py") == {page}


@pytest.mark.parametrize("page", sorted({*PAGES} - LENDERS))
def test_a_page_s_folder_imports_no_other_page_s(page: str) -> None:
    for path in sorted((ROOT / "dashboard" / page).rglob("*.py")):
        assert folders(path) <= {page}, path


@pytest.mark.parametrize("page", PAGES)
def test_what_is_chosen_on_a_page_stands_in_its_folder(page: str) -> None:
    """In `choice`, or in the part that it belongs to; the page itself only says which parts there are."""
    assert set(re.findall(r"inputs\.(\w+)\(", (ROOT / "pages" / f"{page}.py").read_text())) <= {"parts"}


def test_what_pages_share_imports_no_page() -> None:
    shared = [path for path in (ROOT / "dashboard").rglob("*.py") if path.parts[len(ROOT.parts) + 1] not in PAGES]
    assert len(shared) > 20
    for path in shared:
        assert not folders(path) or path == ROOT / COMMAND or path.is_relative_to(ROOT / SITE), path


def test_a_site_takes_of_a_page_only_what_draws_a_report() -> None:
    found = [folders(path) for path in (ROOT / SITE).rglob("*.py")]
    assert {"report"} in found
    assert all(each <= {"report"} for each in found)


def test_architecture_names_only_what_is_there() -> None:
    text, more = ((ROOT / "docs" / f"{name}.md").read_text() for name in ("architecture", "where-to-change"))
    names = NAMED.findall(text + more)
    assert len(names) > 30
    assert [name for name in names if not (ROOT / name).exists()] == []
    assert all(f"`dashboard/{page}/`" in text for page in PAGES)
    typical = [row for row in text[text.index("## Where do I change") :].splitlines() if row.startswith("|")]
    assert [row for row in typical if row not in more.splitlines()] == [], "they stand in both, word for word"
