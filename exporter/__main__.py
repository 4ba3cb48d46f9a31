"""firstlight export RUN: the run's denoiser as ONNX."""

import argparse
import sys
from pathlib import Path
from typing import Any

from firstlight.archives import add_flag, existing_run, own_run
from firstlight.counts import counted
from firstlight.errors import RunError, SamplerError, disk
from firstlight.extras import extras
from firstlight.run_folder import Run
from firstlight.telemetry import switch_off


def main(arguments: list[str] | None = None) -> int:
    """Export and say how far the graph is from torch; a fault is one sentence and exit status 2."""
    options = parser().parse_args(arguments)
    try:
        if options.drawing:
            with extras():
                from exporter.drawing_graph import export_drawing

                print(export_drawing(existing_run(options.runs, options.run), options.drawing))
            return 0
        run = own_run(options.runs, options.run)
        with extras():
            import torch  # after the cheap checks: it takes seconds to load

            from exporter.epoch import take_epoch
            from exporter.export import export

            torch.set_num_threads(1)  # in batches this small, threads mostly wait for each other
            if options.epoch is not None:
                take_epoch(run, options.epoch)
            report = export(run, options.half, options.keep)
    except (RunError, SamplerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {disk(error)}", file=sys.stderr)
        return 2
    _say(run, report)
    return 0


def _say(run: Run, report: dict[str, Any]) -> None:
    """How large the graphs are, and how far from torch."""
    print(
        f"{run.denoiser}: {report['size'] / 1e6:.1f} MB, opset {report['opset']}; of "
        f"{counted(report['compared'], 'picture')} the largest difference from torch is {report['difference']:.1e} "
        f"(limit {report['limit']:.0e}), at logSNR {report['logsnr']:.1f} in a batch of {report['batch']}"
    )
    if "rounding" in report:
        print(f"Its weights are stored in half precision, which moves a picture by at most {report['rounding']:.1e}")
    for name, entry in report.get("unrolled", {}).items():
        print(
            f"{run.folder / name}: {entry['size'] / 1e6:.1f} MB, {counted(entry['drawing']['steps'], 'evaluation')} "
            f"in one graph; of {counted(entry['compared'], 'picture')} the largest difference of any x̂0 is "
            f"{entry['difference']:.1e} (limit {entry['limit']:g}), at most {entry['bytes']:.0f} of 255 in a byte"
        )


def parser() -> argparse.ArgumentParser:
    """Every flag."""
    flags = argparse.ArgumentParser(prog="firstlight export", description="Export a run's denoiser as ONNX.")
    flags.add_argument("run", help="the run's id")
    flags.add_argument("--half", action="store_true", help="a student's drawing in half precision too, for GPUs")
    flags.add_argument("--keep", action="store_true", help="leave a denoiser.onnx that is there as it is")
    flags.add_argument("--epoch", type=int, metavar="N", help="take the weights kept of this epoch for the run's own")
    flags.add_argument(
        "--drawing",
        type=Path,
        metavar="FILE.onnx",
        help="write the whole default drawing as one graph, and nothing else",
    )
    add_flag(flags)
    return flags


if __name__ == "__main__":
    switch_off()
    sys.exit(main())
