"""What a run is: a folder with these files, under an id that is checked before it touches the disk."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from firstlight.metrics_parts import part_range

CHECKPOINT = re.compile(r"checkpoints/(ema|last)\.safetensors")
ANSWER = re.compile(r"answers/(class(-[0-9TZ]+)?/)?[0-9a-f]{32}\.json")  # of a class, or one that was put away
FITTED = ".fitted"  # beside the runs, no run: the judges and spectra that were made for them


@dataclass(frozen=True)
class Run:
    """A run's folder and the name of everything in it."""

    folder: Path
    words: Path | None = None  # where people's notes and answers lie, if not in the folder: it is shown, not one's own
    name: str = ""  # ARCHIVE:ID, where a dashboard shows several archives and another has a run of this id

    @property
    def id(self) -> str:
        return self.name or self.folder.name

    @property
    def archive(self) -> Path:
        """The folder of runs that it is shown in."""
        return (self.words or self.folder).parent

    @property
    def card(self) -> Path:
        return self.folder / "run.json"

    @property
    def notes(self) -> Path:
        return (self.words or self.folder) / "notes.json"

    @property
    def answers(self) -> Path:
        return (self.words or self.folder) / "answers"

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.json"

    @property
    def metrics(self) -> Path:
        return self.folder / "metrics.parquet"

    @property
    def snapshots(self) -> Path:
        return self.folder / "snapshots.parquet"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def trajectories(self) -> Path:
        return self.folder / "trajectories.parquet"

    @property
    def judgements(self) -> Path:
        return self.folder / "judgements.parquet"

    @property
    def recognition(self) -> Path:
        return self.folder / "recognition.parquet"

    @property
    def quality(self) -> Path:
        return self.folder / "quality.parquet"

    @property
    def novelty(self) -> Path:
        return self.folder / "novelty.parquet"

    @property
    def novelty_pictures(self) -> Path:
        return self.folder / "novelty_pictures.parquet"

    @property
    def memorisation(self) -> Path:
        return self.folder / "memorisation.parquet"

    @property
    def speciation(self) -> Path:
        return self.folder / "speciation.parquet"

    @property
    def uturn(self) -> Path:
        return self.folder / "uturn.parquet"

    @property
    def swap(self) -> Path:
        return self.folder / "swap.parquet"

    @property
    def classifier(self) -> Path:
        return self.folder / "classifier.parquet"

    @property
    def posterior(self) -> Path:
        return self.folder / "posterior.parquet"

    @property
    def ablations(self) -> Path:
        return self.folder / "ablations.parquet"

    @property
    def clip(self) -> Path:
        return self.folder / "clip.parquet"

    @property
    def clip_real(self) -> Path:
        return self.folder / "clip_real.parquet"

    @property
    def clip_steps(self) -> Path:
        return self.folder / "clip_steps.parquet"

    @property
    def clip_pictures(self) -> Path:
        return self.folder / "clip_pictures.parquet"

    @property
    def clip_snapshots(self) -> Path:
        return self.folder / "clip_snapshots.parquet"

    @property
    def solver_steps(self) -> Path:
        return self.folder / "steps.parquet"

    @property
    def late_start(self) -> Path:
        return self.folder / "late_start.parquet"

    @property
    def guidance(self) -> Path:
        return self.folder / "guidance.parquet"

    @property
    def guided(self) -> Path:
        return self.folder / "guided.parquet"

    @property
    def cache(self) -> Path:
        return self.folder / ".cache"

    @property
    def epochs(self) -> Path:
        """An archive of its own: the weights of each epoch, where they are kept."""
        return self.cache / "epochs"

    @property
    def epoch_figures(self) -> Path:
        return self.epochs / "figures.json"

    @cached_property
    def tables(self) -> dict[str, Path]:
        """The Parquet files by the name of the view that shows them; `judgements` shows four."""
        return {
            "metrics": self.metrics,
            "snapshots": self.snapshots,
            "trajectories": self.trajectories,
            "judgements": self.judgements,
            "recognition": self.recognition,
            "quality": self.quality,
            "novelty": self.novelty,
            "novelty_pictures": self.novelty_pictures,
            "memorisation": self.memorisation,
            "speciation": self.speciation,
            "uturn": self.uturn,
            "swap": self.swap,
            "classifier": self.classifier,
            "posterior": self.posterior,
            "ablations": self.ablations,
            "clip": self.clip,
            "clip_real": self.clip_real,
            "clip_pictures": self.clip_pictures,
            "clip_snapshots": self.clip_snapshots,
            "clip_steps": self.clip_steps,
            "guidance": self.guidance,
            "guided": self.guided,
            "solver_steps": self.solver_steps,
            "late_start": self.late_start,
        }

    @property
    def denoiser(self) -> Path:
        return self.folder / "denoiser.onnx"

    @property
    def unrolled(self) -> Path:
        return self.folder / "unrolled.onnx"

    @property
    def unrolled_half(self) -> Path:
        return self.folder / "unrolled-half.onnx"

    @property
    def export(self) -> Path:
        return self.folder / "export.json"

    def knows(self, name: str) -> bool:
        """Whether a file of this name, relative to the folder, is one that a run may hold."""
        alone = {self.card, self.manifest, self.notes, self.export, self.denoiser, self.unrolled, self.unrolled_half}
        return (
            name in {path.name for path in (*alone, *self.tables.values())}
            or any(part_range(name))
            or bool(CHECKPOINT.fullmatch(name) or ANSWER.fullmatch(name))
        )
