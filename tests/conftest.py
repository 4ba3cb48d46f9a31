"""What all tests share."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import local_script_runner as pages

from firstlight.runtime import cores
from firstlight.untrusted import trust

LONG = (  # files that take long, the longest first: they begin first, so that no worker is left alone with one
    "test_browser_pages", "test_bundled_pages", "test_browser_print", "test_examples", "test_browser_platform",
    "test_faults", "test_processes", "test_jobs", "test_browser_live", "test_ray", "test_wheel", "test_browser_links",
    "test_report", "test_record", "test_page_jobs", "test_damaged_files", "test_evaluator_clip", "test_browser_draw",
    "test_site", "test_browser", "test_adopt", "test_caches", "test_trainer", "test_evaluator_coverage",
    "test_adopt_pages", "test_remote", "test_theory", "test_counts", "test_browser_runs", "test_browser_lab",
    "test_distill", "test_evaluator_quality", "test_telemetry", "test_pages", "test_columns", "test_access_holes",
    "test_report_comparison", "test_runs_page", "test_browser_students", "test_known_levels", "test_remote_faults",
    "test_hostile_graphs", "test_live_report", "test_rankings", "test_browser_signin", "test_classroom",
    "test_record_pages", "test_experiments", "test_hostile_links", "test_exporter", "test_benchmarks",
    "test_dashboard_compare", "test_store_queries", "test_lab_pages", "test_own_pictures", "test_clip_folders",
    "test_sweep", "test_guest", "test_rooms", "test_store", "test_guidance_page", "test_announcement", "test_systems",
    "test_browser_blind",
)  # fmt: skip


# whatever a test starts finds our modules compiled, and so does the next worker, even where an image says otherwise
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
gc.disable()  # until all tests are found: what is imported stays


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core, because who waits for a browser or a process leaves its own alone."""
    return 2 * cores()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; within a file, and among the others, the order stays."""
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONG)))


def pytest_collection_finish() -> None:
    """The collector of garbage need not look through a million objects of imported libraries again and again.

    Nor through those that live as long as a page or an export does: what they leave is collected less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 10)
    gc.enable()


def _until_done(ask: Callable[..., None]) -> Callable[..., None]:
    def wait(runner: pages.LocalScriptRunner, timeout: float) -> None:
        if runner._script_thread:
            runner._script_thread.join(timeout)
        ask(runner, timeout)

    return wait


@pytest.fixture(scope="session", autouse=True)
def _libraries_read_their_tables_once() -> Iterator[None]:
    """Streamlit looks through all installed packages for each page, torch through its operators for each export.

    Streamlit also compiles its scripts for each run of a page, and asks a thousand times a second whether it is done.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "ScriptCache", cache(pages.ScriptCache))
        patch.setattr(pages, "require_widgets_deltas", _until_done(pages.require_widgets_deltas))
        patch.setattr(trust, "_place", lambda: None)  # tests make graphs that nobody draws with again
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        if "torch" in sys.modules:
            from torch._export import utils as operators
            from torch.onnx._internal.exporter._registration import ONNXRegistry

            patch.setattr(operators, "_materialize_cpp_cia_ops", cache(operators._materialize_cpp_cia_ops))
            patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(cache(ONNXRegistry.from_torchlib)))
        yield
