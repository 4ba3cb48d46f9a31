"""firstlight adopt: a diffusers folder, an ONNX file, or weights with the code that builds their network, as a run."""

import argparse
import importlib.util
import json
import sys
import warnings
from pathlib import Path
from typing import Any

from firstlight.adoption.adopt import adopt
from firstlight.adoption.conventions import PREDICTIONS, VARIANCES
from firstlight.archives import add_flag
from firstlight.command_text import flag
from firstlight.counts import counted
from firstlight.errors import RunError, SamplerError, disk
from firstlight.extras import extras
from firstlight.guest_schedules import NAMED, schedule_named
from firstlight.telemetry import switch_off


def main(arguments: list[str] | None = None) -> int:
    """Adopt, and say how far the graph is from the network; a fault is one sentence and exit status 2."""
    options = parser().parse_args(arguments)
    try:
        with extras(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it warns of stands on the card, and is printed below
            folder = adopt(**_terms(options), id=options.id, runs=options.runs)
    except (RunError, SamplerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: {disk(error)}", file=sys.stderr)
        return 2
    report = json.loads((folder / "export.json").read_bytes())
    for sentence in _said(report["guest"], options):
        print(f"{options.id}: {sentence}")
    print(
        f"{folder}: of {counted(report['compared'], 'picture')} at {counted(len(report['by_level']), 'level')} the "
        f"largest difference from the network in float64 is {report['difference']:.1e}, at logSNR "
        f"{report['logsnr']:.1f}. Next: firstlight trace {folder.name}{flag(options.runs)}"
    )
    return 0


def parser() -> argparse.ArgumentParser:
    """Every flag."""
    flags = argparse.ArgumentParser(prog="firstlight adopt", description="Make a trained network a run's denoiser.")
    flags.add_argument("source", metavar="FOLDER | FILE.onnx | FILE.py:FUNCTION",
                       help="saved by diffusers, exported, or what builds it")  # fmt: skip
    flags.add_argument("--id", required=True, help="of the run, new or recorded before")
    flags.add_argument("--weights", type=Path, metavar="FILE", help="of FUNCTION's network, best as safetensors")
    flags.add_argument("--predicts", choices=PREDICTIONS, help="what the network says")
    flags.add_argument("--schedule", metavar="WHAT", help=NAMED)
    flags.add_argument("--pictures", type=float, nargs=2, metavar=("LOW", "HIGH"), help="their range: 0 1, or -1 1")
    flags.add_argument("--shape", type=int, nargs=3, metavar=("C", "H", "W"), help="of a picture (default: 1 28 28)")
    flags.add_argument("--dataset", help="its name, such as mnist")
    flags.add_argument("--classes", nargs="+", metavar="NAME", help="in the order of their labels")
    flags.add_argument("--no-label", action="store_true", help='the label after the last class means "no label"')
    flags.add_argument("--fraction", action="store_true", help="the network is told t / T")
    flags.add_argument("--sigma-data", type=float, metavar="SD", help="of a raw EDM network")
    flags.add_argument("--variance", choices=VARIANCES, help="of the noise that its own drawing adds")
    flags.add_argument("--clip", action="store_true", help="its own drawing keeps x̂0 within the pictures' range")
    flags.add_argument("--inputs", nargs="+", metavar="NAME", help="of FILE.onnx: picture, time and label")
    flags.add_argument("--interpolate", action="store_true", help="ask it at times between its own, too")
    flags.add_argument("--no-check", action="store_true", help="whatever a known picture comes back as")
    add_flag(flags)
    return flags


def _said(guest: dict[str, Any], options: argparse.Namespace) -> list[str]:
    """What is to be known of an adopted network, in sentences."""
    if "inputs" not in guest or options.inputs:
        return list(guest["check"])
    roles = zip(("picture", "time", "label"), guest["inputs"], strict=False)
    named = ", ".join(f"{name} as the {role}" for role, name in roles)
    return [f"It is given {named}; if that is wrong, say --inputs.", *guest["check"]]


def _terms(options: argparse.Namespace) -> dict[str, Any]:
    """What is known of the network, and what the flags say of it, which counts more."""
    names = ("predicts", "pictures", "shape", "dataset", "classes", "sigma_data", "variance", "inputs")
    said = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    said |= {name: True for name in ("no_label", "fraction", "clip", "interpolate") if getattr(options, name)}
    said |= {"check": False} if options.no_check else {}
    if options.schedule:
        said["schedule"] = schedule_named(options.schedule)
    path, _, function = options.source.partition(".py:")
    if function:
        known = _built(Path(f"{path}.py"), function, options.weights)
        known["source"] = (options.weights or Path(f"{path}.py")).name
    elif Path(options.source).suffix == ".onnx":
        known = {"model": Path(options.source)}
    elif Path(options.source).is_dir():
        from firstlight.adoption.diffusers_folder import network_in

        net, terms = network_in(Path(options.source))
        known = {"model": net, "source": Path(options.source).resolve().name} | terms
    else:
        raise RunError(
            f"{options.source} is neither a folder nor FILE.onnx nor FILE.py:FUNCTION; name what holds the network."
        )
    whole = known | said
    lacking = [f"--{name}" for name in ("predicts", "schedule", "pictures") if name not in whole]
    if lacking:
        raise RunError(f"Nothing says {' and '.join(lacking)} of this network; give {'them' if lacking[1:] else 'it'}.")
    return whole


def _built(path: Path, function: str, weights: Path | None) -> dict[str, Any]:
    """The network that the user's own FUNCTION builds, with its weights; `call` too where the file has one."""
    if not path.is_file():
        raise RunError(f"There is no file {path}; name the one whose function builds the network.")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, function, None)):
        raise RunError(f"{path} has no function {function}; name one that returns the network.")
    net = getattr(module, function)()
    if weights is not None:
        _load(net, weights)
    return {"model": net} | ({"call": module.call} if hasattr(module, "call") else {})


def _load(net: Any, path: Path) -> None:
    """Weights into a network. Raises RunError for a file that would run code, and for another network's."""
    import torch
    from safetensors.torch import load_file

    try:
        held = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or error}); name the file of the weights.") from error
    except Exception as error:  # of a damaged file, or of one with objects in it
        raise RunError(f"{path} holds more than weights, and loading it may run code; save the state dict alone, "
                       "best as safetensors.") from error  # fmt: skip
    found = held.get("net", held.get("state_dict", held)) if isinstance(held, dict) else held
    try:
        net.load_state_dict(found)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise RunError(
            f"{path} holds the weights of another network than the function builds; name its own."
        ) from error


if __name__ == "__main__":
    switch_off()
    sys.exit(main())
