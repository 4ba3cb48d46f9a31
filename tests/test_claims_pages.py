"""The pages Claims and Inside the network, on runs that have everything, little and nothing."""

import html
import shutil
from pathlib import Path

import pytest
from ablations_fixture import with_ablations
from app_fixture import html_of, linked
from archive_fixture import write_run
from lab_fixture import write_lab
from streamlit.testing.v1 import AppTest
from test_lab_pages import Open, opened  # noqa: F401
from test_lab_pages import words as written

from dashboard.charts.narrow import narrowed
from dashboard.claims import text as claims_text
from dashboard.components.verdicts import table_with_reasons
from dashboard.network.anatomy import built
from dashboard.network.diagram import drawing, table
from firstlight.archives import BUNDLED
from firstlight.run_folder import Run


def words(test: AppTest) -> str:
    """The text of a page as a reader sees it, tags included."""
    return html.unescape(written(test))


def test_the_network_is_drawn_and_its_parts_are_missed(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    run = write_lab(tmp_path, "lab", seeds=5)
    other = Run(BUNDLED / "mnist-student-2")
    for file in (other.denoiser, other.export):
        shutil.copy(file, run.folder)
    with_ablations(run)
    test = opened("network")
    said = words(test)
    assert "lab's network has 2.47 million weights. It has 2 levels and 4 skips." in said
    assert "with all parts 100.0 %" in said and "n = 300 each" in said
    assert "time embedding frozen half-way" in said and "one giant step" in said
    assert len(test.get("plotly_chart")) == 1 and len(test.get("image")) == 1
    test.slider(key="noise").set_value(3).run()
    assert not test.exception


def test_a_run_without_graph_and_ablations_names_the_commands(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    write_run(tmp_path, "bare", tables=())
    said = words(opened("network"))
    assert "firstlight export bare" in said and "firstlight evaluate ablations bare" in said


def test_every_statement_stands_on_the_page_with_what_is_behind_it(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    with_ablations(write_lab(tmp_path, "lab", seeds=20))
    write_run(tmp_path, "other")
    test = opened("claims", run="lab", **{"with": "other"})
    said = words(test)
    assert [heading.value.split()[0] for heading in test.subheader] == [f"S{number}" for number in range(1, 15)]
    assert "lab supports " in said and " parts of the source's statements." in said
    assert "The source: A course report on a class-conditional MNIST diffusion model." in said
    assert "✓ supported" in said and "✗ not supported" in said and "? cannot say" in said
    assert "<summary>query ablations</summary><pre>" in said and 'class="verdict-' in said
    assert 'href="/network?run=lab"' in said
    assert "firstlight evaluate guidance lab" in said and "firstlight evaluate ablations other" in said
    assert len(test.get("image")) >= 5


def test_one_kind_of_verdict_alone(opened: Open, tmp_path: Path) -> None:  # noqa: F811
    with_ablations(write_lab(tmp_path, "lab", seeds=20))
    test = opened("claims", run="lab", show="supported")
    said = words(test)
    assert '<b class="verdict-yes">✓ supported</b>' in said
    assert '<b class="verdict-no">' not in said and '<b class="verdict-open">' not in said
    assert {"S4", "S5", "S6"} <= {heading.value.split()[0] for heading in test.subheader}


def test_names_from_runs_are_literal_text(tmp_path: Path) -> None:
    found = claims_text.verdicts_of(write_lab(tmp_path, "lab", seeds=5), lambda name, **asked: _Broken())
    shown = table_with_reasons([each.verdict for each in found], ["<b>run"] * len(found), "lab")
    assert "<script>" not in shown and "&lt;script&gt;" in shown
    assert "<b>run" not in shown and "&lt;b&gt;run" in shown


class _Broken:
    """A frame that fails with hostile words."""

    empty = False

    def __getattr__(self, name: str) -> object:
        raise ValueError("<script>alert(1)</script>")

    def __getitem__(self, name: str) -> object:
        raise ValueError("<script>alert(1)</script>")


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_networks_of_any_depth_are_drawn_by_plotlys_rules(levels: int) -> None:
    import plotly.graph_objects as go

    net = built(weights(levels), 32)
    figure = go.Figure(drawing(net))
    assert len(figure.layout.shapes) == len(net.parts) + 2 and len(net.skips) == 2 * levels
    small = go.Figure(narrowed(drawing(net)))
    across, down = small.layout.xaxis.range, small.layout.yaxis.range
    middles = [(box.y0 + box.y1) / 2 for box in small.layout.shapes[: len(net.parts)]]
    assert middles == sorted(middles, reverse=True) and down[0] < middles[-1] < middles[0] < down[1]
    assert all(across[0] < min(box.x0, box.x1) <= max(box.x0, box.x1) < across[1] for box in small.layout.shapes)
    rows = table(net)
    assert rows["weights"].sum() == net.parameters and len(rows) == len(net.parts) + 2


def weights(levels: int) -> dict[str, tuple[int, ...]]:
    """The shapes of a U-Net of two blocks a level, 8 channels everywhere."""
    found: dict[str, tuple[int, ...]] = {"unet.stem.weight": (8, 4, 3, 3), "unet.head.weight": (4, 8, 3, 3)}
    for name, given in (("time", 64), ("label", 10)):
        found |= {f"unet.{name}.first.weight": (16, given), f"unet.{name}.second.weight": (16, 16)}
    blocks = [f"unet.{way}.{level}.{place}" for way in ("down", "up") for level in range(levels) for place in range(2)]
    for block in (*blocks, "unet.middle"):
        wide = 16 if ".up." in block else 8
        found |= {f"{block}.first.weight": (8, wide, 3, 3), f"{block}.second.weight": (8, 8, 3, 3)}
        found[f"{block}.embed.weight"] = (8, 16, 1, 1)
    for level in range(levels - 1):
        found |= {f"unet.shrink.{level}.weight": (8, 32, 1, 1), f"unet.grow.{level}.weight": (32, 8, 1, 1)}
    return found


def test_what_the_source_was_not_run_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTLIGHT_RUNS", str(BUNDLED))
    said = " ".join(html_of(linked("claims", run="course")))
    assert "Before our own CLIP, or those named here, not the source" in said
    assert "uses, was not tested: that drawn pictures" in said
