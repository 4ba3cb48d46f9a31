"""A diffusers pipeline's folder, or a UNet2DModel's, as a network and its terms; diffusers is imported in the call."""

import json
from pathlib import Path
from typing import Any

from firstlight.errors import RunError
from firstlight.guest_schedules import as_schedule
from firstlight.telemetry import switched_off

PREDICTS = {"epsilon": "noise", "sample": "sample", "v_prediction": "v"}  # of a scheduler -> ours
VARIANCE = {
    "fixed_small": "posterior",
    "fixed_small_log": "posterior",
    "fixed_large": "step",
    "fixed_large_log": "step",
}
ANCESTRAL = "DDPMScheduler"  # draws with fresh noise; of every other scheduler DDIM is taken


def network_in(folder: Path) -> tuple[Any, dict[str, Any]]:
    """The network, and what its folder says of it, as `adopt` takes it.

    Raises RunError for a folder that is none of diffusers', weights that are no safetensors, and a scheduler without
    noise levels.
    """
    whole = (folder / "model_index.json").is_file()
    model, scheduler = (folder / "unet", folder / "scheduler") if whole else (folder, folder)
    if not (model / "config.json").is_file():
        raise RunError(f"{folder} is no folder that diffusers saved; name the one that holds model_index.json.")
    if not (scheduler / "scheduler_config.json").is_file():
        raise RunError(f"{folder} has no scheduler_config.json; save the whole pipeline, or the scheduler beside it.")
    net = _loaded(model)
    config, classes = net.config, net.config.get("num_class_embeds")
    terms = _sampling(scheduler) | {
        "pictures": (-1, 1),
        "shape": (config["in_channels"], config["sample_size"], config["sample_size"]),
        "call": _with_class if classes else _without,
    }
    return net, terms | {"classes": [str(name) for name in range(classes)] if classes else ["all"]}


def _loaded(folder: Path) -> Any:
    unet = _diffusers().UNet2DModel
    name = json.loads((folder / "config.json").read_text()).get("_class_name")
    if name != "UNet2DModel":
        raise RunError(f"{folder} holds a {name}, not a UNet2DModel; adopt it from Python with firstlight.adopt.")
    try:
        return unet.from_pretrained(folder, use_safetensors=True, low_cpu_mem_usage=False).eval()
    except OSError as error:
        raise RunError(
            f"{folder} has no weights as safetensors, and a pickle may run code; save it anew with "
            "save_pretrained(FOLDER, safe_serialization=True)."
        ) from error


def _sampling(folder: Path) -> dict[str, Any]:
    """What a scheduler says: prediction, levels, and how its own pipeline draws by default."""
    diffusers = _diffusers()
    name = json.loads((folder / "scheduler_config.json").read_text()).get("_class_name", "")
    kind = getattr(diffusers, name, None)
    if kind is None:
        raise RunError(f"diffusers has no scheduler {name!r}; save the pipeline with one that it has.")
    scheduler = kind.from_pretrained(folder)
    config = scheduler.config
    if not hasattr(scheduler, "alphas_cumprod") or config.get("prediction_type") not in PREDICTS:
        raise RunError(f"{name} has no betas or another prediction; adopt it from Python with firstlight.adopt.")
    ancestral = name == ANCESTRAL
    if ancestral and config.get("variance_type", "fixed_small") not in VARIANCE:
        raise RunError(f"{name} draws with the variance {config['variance_type']}, which the network says beside the "
                       "noise; adopt the network from Python, with a call that returns its noise alone.")  # fmt: skip
    most = config["num_train_timesteps"]
    scheduler.set_timesteps(min(1000 if ancestral else 50, most))  # as diffusers' pipelines do where nothing is said
    return {
        "predicts": PREDICTS[config["prediction_type"]],
        "schedule": as_schedule(scheduler),
        "variance": VARIANCE[config.get("variance_type", "fixed_small")] if ancestral else "none",
        "clip_noise": name != "DDIMScheduler",
        **_clipping(config),
        "times": [int(t) for t in scheduler.timesteps],
        "ends": _ends(scheduler) if name == "DDIMScheduler" else (),
    }


def _clipping(config: Any) -> dict[str, Any]:
    """How its own drawing keeps x̂0 in bounds: at a number, or by dynamic thresholding, which goes before."""
    if config.get("thresholding"):
        share, most = float(config["dynamic_thresholding_ratio"]), float(config["sample_max_value"])
        return {"clip": True, "clip_at": most, "clip_share": 0.0 if most == 1 else share}
    return {"clip": bool(config.get("clip_sample")), "clip_at": float(config.get("clip_sample_range") or 1)}


def _ends(scheduler: Any) -> list[float]:
    """ᾱ that each step of diffusers' DDIM leads to: T / K times further on, wherever its next time lies."""
    known, final = scheduler.alphas_cumprod, float(scheduler.final_alpha_cumprod)
    stride = len(known) // scheduler.num_inference_steps
    before = [int(t) - stride for t in scheduler.timesteps]
    return [float(known[t]) if t >= 0 else final for t in before]


def _diffusers() -> Any:
    try:
        with switched_off():
            import diffusers
    except ImportError as error:
        raise RunError(
            "A folder of diffusers is read by that package; install it with: pip install diffusers"
        ) from error
    return diffusers


def _with_class(net: Any, x: Any, t: Any, label: Any) -> Any:
    return net(x, t, class_labels=label).sample


def _without(net: Any, x: Any, t: Any, label: Any) -> Any:
    return net(x, t).sample
