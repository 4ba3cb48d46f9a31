"""Whoever points at, or taps on, a control, a column or a figure is told what it means: on every page, in every tab.

The pages of the bundled runs are drawn in tests/test_bundled_pages.py.
"""

import ast
import html
import json
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from app_fixture import linked, unmarked
from archive_fixture import write_run
from streamlit.testing.v1 import AppTest

from dashboard.ask.question import BETTER, Asked
from dashboard.claims.sections import MEASURES
from dashboard.components import terms
from dashboard.components.elements import explained
from dashboard.report.build import report
from dashboard.report.cover import cover
from dashboard.report.report_file import read
from jobs.job import new_job
from store import saved_views, trash
from store.database import Archive
from store.saved_views import View

ROOT = Path(__file__).parent.parent
RUNS = {path.name for path in (ROOT / "runs").iterdir() if path.is_dir()}
TABS = ("part", "behind", "experiment", "guided")
VERBS = ("button", "download_button", "page_link", "tab", "expander")  # say what they do, or what is in them
CONTROLS = (
    "checkbox|multiselect|number_input|pills|radio|segmented_control|selectbox|slider|text_area|text_input|toggle"
)
BARE = re.compile(r"<(th|dt)>(.*?)</\1>")
TERM = re.compile(r'<span class="term" tabindex="0" aria-description="[^"]+">(.*?)</span>')
SAID = re.compile(r'<span class="term" tabindex="0" aria-description="([^"]+)">')
SENTENCE = re.compile(
    r'<p class="(?:headline|note|notice)[^"]*"[^>]*>.*?</p>(?:<p class="note">.*?</p>)*'
    r'|<dl class="facts">.*?</dl>',
    re.S,
)
REASON = re.compile(r'<tr class="why">.*?</tr>', re.S)  # of a table of verdicts
NO_SENTENCE = re.compile(  # links, code, badges, tags, commands
    r'<(a|code|dt)\b.*?</\1>|<span class="badge">.*?</span>|<[^>]+>|\bfirstlight [a-z][^.;,]*', re.S
)
HARD = (  # words that nobody can guess: of the literature, and the rarest on the pages
    "null", "φ", "Λ", "ᾱ", "κ", "logSNR", "OU time", "x_t", "x̂0", "Holm", "Bonferroni", "Kendall", "Lin's", "log-rank",
    "degrees of freedom", "Student's", "Wilson's", "bootstrap", "drawn again", "permuted", "sign flips", "exact test",
    "restricted mean", "censored", "clustered", "median", "eigenvalue", "covariance", "variance", "Gaussian", "entropy",
    "susceptibility", "softmax", "temperature", "z-score", "CAS", "Fréchet", "Inception", "precision", "recall",
    "density", "concordance", "calibration", "label dropout", "c_mask", "average of weights", "learning rate", "Adam",
    "edm", "sigma_data", "bfloat16", "MSE", "one-hot", "sinusoidal", "embedding", "U-Net", "bottleneck",
    "skip connection", "classifier-free", "unconditional", "class-conditional", "autoguidance", "shuffled", "CLIP",
    "CNN", "in-domain", "speciation", "cloning", "posterior", "U-turn", "half by", "first hit", "flicker",
    "over the best's", "the source", "DDIM", "DDPM", "iPNDM", "dpmpp-2m", "ONNX", "GPU", "ImageNet", "CIFAR-10",
    "hypothesis", "memorisation", "ablation",
)  # fmt: skip
TICKED = """
from dashboard.runs import selection
selection.draw(["first", "second"], 60, list)
"""


def elements(node: Any) -> Iterator[Any]:
    for child in getattr(node, "children", {}).values():
        yield child
        yield from elements(child)


def in_use(test: AppTest) -> dict[str, bool]:
    """Each label of a control, a column or a figure, and whether its meaning is said where it stands."""
    found: dict[str, bool] = {}
    for element in elements(test._tree):
        proto: Any = getattr(element, "proto", None)
        kind = getattr(element, "type", "")
        if kind == "html" and 'class="terms"' not in proto.body:
            found |= {html.unescape(name): False for _, name in BARE.findall(proto.body) if "<" not in name and name}
            found |= {html.unescape(name): True for name in TERM.findall(proto.body)}
            sentences = [*SENTENCE.findall(proto.body), "".join(REASON.findall(proto.body))]
            found |= dict.fromkeys(chain.from_iterable(map(silent, sentences)), False)
        elif kind == "arrow_data_frame":
            found |= {each["label"]: bool(each.get("help")) for each in json.loads(proto.columns).values()}
        elif kind not in VERBS and isinstance(getattr(proto, "label", None), str) and hasattr(proto, "help"):
            found |= {proto.label: bool(proto.help)} if proto.label else {}
    return {label: said for label, said in found.items() if label.removesuffix(" [95 %]") not in RUNS}


@cache
def silent(sentence: str) -> tuple[str, ...]:
    """The words of a sentence whose meaning is not said in it."""
    said = {html.unescape(says).replace("\xa0", " ") for says in SAID.findall(sentence)}
    rest = html.unescape(NO_SENTENCE.sub(" ", TERM.sub(" ", sentence)))
    for meaning, pattern in words().values():  # the longest first
        rest = pattern.sub(" ", rest) if meaning in said else rest
    asked = ((word, pattern) for word, (meaning, pattern) in words().items() if meaning not in said and word in rest)
    missed = [word for word, pattern in asked if pattern.search(rest)]
    return tuple(f"{word} in: {' '.join(rest.split())}" for word in missed)


@cache
def words() -> dict[str, tuple[str, re.Pattern[str]]]:
    """What is a term in a sentence -> its meaning, "" for a hard word that is part of none, and where it stands."""
    told = {word: term.says for term in terms.terms() for word in term.words}
    hard = {hard: next((told[word] for word in sorted(told, key=len) if hard in word), "") for hard in HARD}
    return {
        word: (says, re.compile(rf"(?<![\w./-]){re.escape(word)}(?:s|es)?(?![\w/]|[-.]\w)"))
        for name, says in sorted((told | hard).items(), key=lambda each: -len(each[0]))
        for word in (name, name[0].upper() + name[1:])
    }


def tabs(test: AppTest) -> Iterator[AppTest]:
    """The page as it opens, then with what it unfolds, then with each of its tabs open."""
    yield test
    if MEASURES in test.session_state:
        test.session_state[MEASURES] = True
        yield test.run()
    key = next((key for key in TABS if key in test.session_state), "")
    for name in [tab.label for tab in test.tabs][1:] if key else ():
        test.session_state[key] = name
        yield test.run()


def assert_said(page: str, found: dict[str, bool]) -> None:
    mute = sorted(label for label, said in found.items() if not said)
    print(f"{page}: {len(found) - len(mute)} of {len(found)} terms in use have a meaning; not", mute)
    assert mute == []


def test_so_do_those_of_jobs_of_the_trash_of_saved_views_and_of_ticked_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(tmp_path))
    for name in ("first", "second", "gone"):
        write_run(tmp_path, name)
    trash.discard(tmp_path, "gone")
    new_job(tmp_path, "job-1", ["store", "list"]).update(state="finished")
    saved_views.save(tmp_path, View("all of them", ""))
    found: dict[str, bool] = {}
    for test in chain(tabs(linked("runs", run="first")), [AppTest.from_string(TICKED, default_timeout=300).run()]):
        assert [error.value for error in test.exception] == []
        found |= in_use(test)
    asked = {"job", "took", "Log of", "Deleted", "Bring back", "Saved views", "Tags, between commas"}
    assert asked <= found.keys() and any(label.startswith("All 60 that are found") for label in found)
    assert {"Run", "Group", "Figure"} <= found.keys()
    assert_said("runs", found)


def test_so_does_a_report_and_a_meaning_that_is_changed_in_its_file_is_found(tmp_path: Path) -> None:
    """Its sentences, the heads of its columns and the names of its figures; the marks take a small part of the file."""
    file, ask = tmp_path / "report.html", Archive(ROOT / "runs").ask
    for over in (cover(), cover(short=True)):
        page = report(
            ["mnist", "course"], ROOT / "runs", ask, questions=[Asked(BETTER, "mnist", other="course")], over=over
        ).decode()
        shown = page[page.index("<main>") : page.index("</main>")]
        parts = [
            each[0] for each in re.finditer(r"<(p|th)\b[^>]*>.*?</\1>|<tr><td>[^<]*</td><td class=.number", shown, re.S)
        ]
        assert len(parts) > 15 and list(chain.from_iterable(map(silent, parts))) == []
        assert sum(map(len, SAID.findall(shown))) < 150_000
        file.write_text(page)
        assert [*read(file).altered()] == []
        file.write_text(page.replace(html.escape(terms.meaning("n")), "whatever"))
        assert [*read(file).altered()] != []


def test_a_label_is_known_with_its_unit_and_its_interval() -> None:
    for label in ("half recognizable at [95 %]", "never, % [95 %]", "Threshold, %", "Steps, 1 to 1,000", "mnist, mean",
                  "noisy judge sees 3 in it, % [95 %]", "diffusion classifier names 3, % [95 %]",
                  "comes back as 3, % [95 %]"):  # fmt: skip
        assert terms.meaning(label), label
    assert not terms.meaning("nothing of the kind") and not terms.meaning("")


def written(node: ast.AST) -> Iterator[str]:
    """Labels that code gives to columns, figures and controls, where they are texts; of a control without help."""
    if isinstance(node, ast.Assign) and any(re.search("(?i)^head", ast.unparse(name)) for name in node.targets):
        yield from texts(node.value)
    if not isinstance(node, ast.Call) or not node.args:
        return
    called, silent = ast.unparse(node.func), not any(word.arg == "help" for word in node.keywords)
    if re.fullmatch(r"elements\.(table|plain_table|framed)", called):
        yield from texts(node.args[0])
    elif called == "elements.facts" and isinstance(node.args[0], ast.List):
        yield from (text for pair in node.args[0].elts for text in texts(getattr(pair, "elts", [pair])[0]))
    elif re.fullmatch(r"inputs\.(pick|entry|number|choose|several|words)", called) and silent:
        yield from texts(node.args[0])
    elif re.fullmatch(rf"st\.({CONTROLS})", called) and silent:
        yield ast.unparse(node)


def texts(node: ast.expr) -> Iterator[str]:
    for each in node.elts if isinstance(node, ast.Tuple | ast.List) else [node]:
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and each.value:
            yield each.value


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("The source says that the source errs.", ["The source"]),  # at its first place alone
        ("Two trajectories; judges of a judge's chain", ["trajectories", "judges"]),  # a chain is a trajectory
        ("Students of a teacher; Student's intervals, Clip and CLIPs", ["Students", "Student's intervals", "CLIPs"]),
        ("φ = 0.775 at −ln Λ, p ≥ 0.50, n = 60", ["φ = 0.775", "−ln Λ", "p ≥", "n"]),
        ("mnist-student-4 and judge.onnx in run/steps, at https://run.example/judge, classify", []),
        ("Do it with: firstlight evaluate steps mnist. Steps follow; firstlight train --runs loss", ["Steps"]),
        ('<b>loss</b> & "judge"', ["loss", "judge"]),
        ("", []),
    ],
)
def test_a_term_in_a_sentence_is_marked_where_it_stands_first(text: str, marked: list[str]) -> None:
    said = explained(text)
    assert [html.unescape(each) for each in TERM.findall(said)] == marked
    assert unmarked(said) == html.escape(text), "the sentence stays what it was"


def test_every_hard_word_has_a_meaning_or_is_gone() -> None:
    told = {word for word, (meaning, _) in words().items() if meaning}
    assert set(HARD) - told == {"half by", "first hit", "over the best's"}, "which were renamed, and no page says"


def test_every_label_in_the_code_says_what_it_means() -> None:
    files = [*(ROOT / "dashboard").rglob("*.py"), *(ROOT / "pages").glob("*.py")]
    found = {label for file in files for node in ast.walk(ast.parse(file.read_text())) for label in written(node)}
    assert len(found) > 100 and sorted(label for label in found if not terms.meaning(label)) == []
