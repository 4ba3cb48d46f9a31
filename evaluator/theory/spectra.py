"""The bundled cards of data: the variances that theory predicts from, so that a prediction needs no pictures.

A card belongs to a dataset: it is made once from the real training pictures and names their hash.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.judges.cards import SPECTRUM, archive_of, command
from evaluator.stats.intervals import Estimate
from evaluator.theory.covariance import of_all, of_means, part
from evaluator.theory.speciation import Spectrum
from firstlight.archives import readable, writable
from firstlight.atomic_writes import write_json
from firstlight.command_text import flag
from firstlight.errors import JudgeError
from firstlight.judge_files import stem
from firstlight.manifest import Signatures, signatures
from firstlight.run_json import SAME_PICTURES

SPECTRA = Path(__file__).resolve().parent / "measured"


@dataclass(frozen=True)
class SpectralPair:
    """Two classes of equal weight."""

    first: int  # label
    second: int
    whole: Spectrum  # of all pictures of both
    between: Spectrum  # of the two means: Λ = ¼‖m₁ − m₂‖²


@dataclass(frozen=True)
class Spectra:
    """What is known of a dataset's variances, pictures in [-1, 1]. Black pixels around a picture change nothing."""

    name: str
    classes: tuple[str, ...]
    n: int  # training pictures
    sha256: str  # of their pixels and labels
    whole: Spectrum  # of all pictures as they come
    between: Spectrum  # of the classes' means, weighted as they come
    pairs: tuple[SpectralPair, ...]  # every two classes

    def pair(self, first: int, second: int) -> SpectralPair:
        """The pair of two labels in either order. Raises KeyError for labels that are none."""
        pairs = [pair for pair in self.pairs if {pair.first, pair.second} == {first, second}]
        if not pairs:
            raise KeyError(f"there is no pair of labels {first} and {second}")
        return pairs[0]

    def pair_range(self) -> tuple[float, float]:
        """The lowest and highest predicted logSNR over all pairs."""
        points = [pair.whole.logsnr.value for pair in self.pairs]
        return min(points), max(points)


def measure(name: str, images: NDArray[np.uint8], labels: NDArray[np.int64], classes: Sequence[str]) -> Spectra:
    """The variances of pictures uint8 (N, C, H, W) with labels (N,), indices into at least two classes.

    Raises JudgeError for one class alone.
    """
    if len(classes) < 2:
        raise JudgeError("One class alone leaves nothing to decide; name at least two.")
    parts = [part(images[labels == label], seed=label) for label in range(len(classes))]
    shares = [float((labels == label).mean()) for label in range(len(classes))]
    halves = (0.5, 0.5)
    pairs = [(first, second, (parts[first], parts[second])) for first, second in combinations(range(len(classes)), 2)]
    return Spectra(
        name=name,
        classes=tuple(classes),
        n=len(labels),
        sha256=hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest(),
        whole=of_all(parts, shares),
        between=of_means(parts, shares),
        pairs=tuple(SpectralPair(a, b, of_all(both, halves), of_means(both, halves)) for a, b, both in pairs),
    )


def make(dataset: str, data: Path | None, only: Sequence[int], per_class: int, runs: Path | None = None) -> Spectra:
    """Measure a dataset's training pictures, in `data` or downloaded, for the archive `runs`. Raises JudgeError."""
    from trainer.data import DataError, prepared
    from trainer.data import load as pictures_of

    if dataset in SAME_PICTURES:
        raise JudgeError(f"{dataset} is told by the spectrum of {SAME_PICTURES[dataset]}; measure that instead.")
    if per_class < 0 or per_class == 1:
        raise JudgeError(f"{per_class} pictures of a class have no variance; give --per-class a number from 2.")
    try:
        pictures = prepared(pictures_of(dataset, data), only, per_class)
    except DataError as error:
        raise JudgeError(str(error)) from error
    spectra = measure(spectra_name(dataset, only, per_class), pictures.images, pictures.labels, pictures.classes)
    write(spectra, runs=runs)
    return spectra


def spectra_name(dataset: str, only: Sequence[int] = (), per_class: int = 0) -> str:
    """The name of a card: the dataset, and which of its pictures where it is not all, such as mnist-1-8-first-5000."""
    parts = [stem(SAME_PICTURES.get(dataset, dataset)), *map(str, only)]
    return "-".join(parts + (["first", str(per_class)] if per_class else []))


def spectra_for(run_card: Mapping[str, Any], runs: Path | None = None) -> Spectra:
    """The card of the pictures that a run of `runs` learned; `run_card` is run.json. Raises JudgeError for none."""
    config = run_card.get("config", {})
    dataset, only, per_class = run_card["dataset"]["name"], config.get("only", ()), config.get("per_class", 0)
    path = readable(SPECTRA / f"{spectra_name(dataset, only, per_class)}.json", runs)
    if not path.is_file():
        how = _command(dataset, only, per_class, runs)
        raise JudgeError(f"There is no spectrum of these pictures; make it with: {how}")
    return _loaded(path, signatures(path))


def _command(dataset: str, only: Sequence[int], per_class: int, runs: Path | None) -> str:
    flags = f" --only {' '.join(map(str, only))}" if only else ""
    return command(dataset, verb=SPECTRUM, runs=runs) + flags + (f" --per-class {per_class}" if per_class else "")


@lru_cache(maxsize=64)
def _loaded(path: Path, signs: Signatures) -> Spectra:
    return load(path)


def load(path: Path) -> Spectra:
    """The card in a file. Raises JudgeError where it cannot be read."""
    try:
        card = json.loads(path.read_text())
        pairs = [
            SpectralPair(row["first"], row["second"], _spectrum(row["whole"]), _spectrum(row["between"]))
            for row in card["pairs"]
        ]
        return Spectra(
            **{name: card[name] for name in ("name", "n", "sha256")},
            classes=tuple(card["classes"]),
            whole=_spectrum(card["whole"]),
            between=_spectrum(card["between"]),
            pairs=tuple(pairs),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JudgeError(f"{path.name} cannot be read; restore it from a copy, or make it with: "
                         f"{SPECTRUM}{flag(archive_of(path))}") from error  # fmt: skip


def _spectrum(card: Mapping[str, Any]) -> Spectrum:
    return Spectrum(Estimate(**card["top"]), tuple(card["eigenvalues"]))


def write(spectra: Spectra, folder: Path = SPECTRA, runs: Path | None = None) -> Path:
    """Write a card; returns where. Its predictions are for readers: they are worked out anew when it is loaded."""
    path = writable(folder / f"{spectra.name}.json", runs)
    card = {name: getattr(spectra, name) for name in ("name", "classes", "n", "sha256")}
    card |= {"scale": "[-1, 1]", "whole": _plain(spectra.whole), "between": _plain(spectra.between)}
    pairs = [
        {"first": pair.first, "second": pair.second, "whole": _plain(pair.whole), "between": _plain(pair.between)}
        for pair in spectra.pairs
    ]
    write_json(path, card | {"pairs": pairs})
    return path


def _plain(spectrum: Spectrum) -> dict[str, Any]:
    eigenvalues = [round(value, 4) for value in spectrum.eigenvalues]
    predicted = {name: _ends(getattr(spectrum, name)) for name in ("unit", "logsnr", "time")}
    return {"top": _ends(spectrum.top), "eigenvalues": eigenvalues, **predicted}


def _ends(estimate: Estimate) -> dict[str, Any]:
    return {name: round(getattr(estimate, name), 6) for name in ("value", "low", "high")} | {"n": estimate.n}
