"""A run as it is recorded: a thread writes what the training loop hands over, so that the loop waits for no disk."""

import math
import sys
import threading
import time
import warnings
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa

from firstlight.announcement import Watch
from firstlight.errors import RunError
from firstlight.lock import Held
from firstlight.manifest import write_manifest
from firstlight.picture_bytes import Range, channels_last, in_range, to_bytes
from firstlight.recording import metric_log
from firstlight.recording.curves import Curve
from firstlight.recording.kept_rows import KeptRows
from firstlight.recording.metric_log import MetricLog
from firstlight.recording.numbers import number, whole, wholes
from firstlight.recording.settings import clean
from firstlight.recording.trajectories import trajectory_row
from firstlight.run_folder import Run
from firstlight.run_state import BEAT_SECONDS, ending, now
from firstlight.run_writes import store_card
from firstlight.table_schema import SNAPSHOTS, TRAJECTORIES

LONGEST_NAME = 500  # characters of a metric's name


class Recorder:
    """One recorded run; made by firstlight.record. Every method may be called from any thread of the process."""

    def __init__(
        self, run: Run, card: dict[str, Any], lock: Held, channels: int | None, watch: Watch | None = None
    ) -> None:
        self.run, self.card, self._watch = run, card, watch
        self.refusal = ""  # why nothing is taken any more
        self._taken = ""  # by another process, with the sentence on it
        self._lock, self._writing = lock, threading.Lock()
        self._log = MetricLog(run)
        self._snapshots = KeptRows(run.snapshots, SNAPSHOTS, ("step", "label", "seed"))
        self._trajectories = KeptRows(run.trajectories, TRAJECTORIES, ("label", "seed"))
        self._channels = channels  # of a picture; None until the first is there
        self._names: dict[Any, str] = {}
        self._remarks: dict[str, str] = card["remarks"]
        self._began, self._before, self._beat = time.monotonic(), float(card["seconds"]), -math.inf
        self._error_before = getattr(sys, "last_value", None)
        pa.array([0])  # loads pandas, where it is installed: later it would hold up the loop, and at the end it cannot
        for kept in (self._log, self._snapshots, self._trajectories):
            kept.reopen()
        if len(self._snapshots) or len(self._trajectories):
            self._channels = card["dataset"]["channels"]
        self._write_card()
        self._thread = threading.Thread(target=self._keep_writing, name=f"firstlight {run.id}", daemon=True)
        self._thread.start()

    @property
    def id(self) -> str:
        return self.run.id

    def log(self, step: int, metrics: Mapping[str, Any] | None = None, /, **named: Any) -> None:
        """Values of any metrics at a step: log(100, loss=0.3), or log(100, {"train/loss": 0.3}).

        step: a whole number from 0 on; one that comes again, or late, replaces that step's value. Values are numbers,
        or tensors and arrays of one element; NaN and infinities are kept, None is passed over. A metric `epoch` says
        in which epoch the step lies. Takes microseconds; a reader sees it within seconds. Raises RunError for anything
        else, and when the run has ended.
        """
        if self.refusal:
            raise RunError(self.refusal)
        if type(step) is not int or not 0 <= step < 1 << 63:
            step = whole(step)
        known, held = self._names, {**metrics, **named} if metrics else named
        values = [v if type(v) is float else number(n, v) for n, v in held.items() if v is not None]
        names = [known[n] if n in known else self._name(n) for n, v in held.items() if v is not None]
        self._log.add(step, names, values)

    def extend(self, curves: Mapping[str, Curve]) -> None:
        """Whole curves at once, by metric; steps (N,) from 0 on and values (N,), in the order that they were logged."""
        self._open()
        self._log.extend({self._name(name): curve for name, curve in curves.items()})

    def snapshot(
        self, step: int, pictures: Any, labels: Any = None, seeds: Any = None, range: Range | None = None
    ) -> None:
        """Keep pictures (N, C, H, W) or (N, H, W[, C]), numpy or torch, that the network drew at a step of training.

        labels (N,) are indices into the classes; seeds (N,), the numbers of the noises they were drawn from, default
        to 0 .. N − 1: what is to be compared through training has the same. uint8 needs no range, floats do. Pictures
        that are not numbers are left out, and the run says so. Raises RunError for pictures, labels and seeds that do
        not fit the run or each other.
        """
        self._open()
        step = whole(step)
        held = channels_last(pictures, self.card["dataset"]["size"], self._channels)
        self._know_channels(held.shape[3])
        scaled = in_range(held, range)
        label, seed = self._labels(labels, len(held)), wholes(seeds, len(held), "seeds")
        sound = [bool(np.isfinite(picture).all()) for picture in scaled]
        if not all(sound):
            self.remark("pictures", f"Pictures at step {step:,} were not numbers and are left out.")
        rows = [
            {"step": step, "epoch": self._log.epoch, "label": label[i], "seed": seed[i], "image": content.tobytes()}
            for i, content in enumerate(to_bytes(scaled))
            if sound[i]
        ]
        self._snapshots.add(rows)

    def trajectory(
        self, label: int | None, seed: int, levels: Any, x: Any, denoised: Any = None, *, schedule: Any = None,
        pictures: Range = (-1, 1), unconditional: Any = None, solver: str = "own", guidance: float = 1.0,
    ) -> None:  # fmt: skip
        """Keep what a sampler of your own went through, from noise to picture: F states of one picture.

        x (F, C, H, W) or (F, H, W[, C]) are the states in the model's own scale, levels (F,) their times by `schedule`
        (see firstlight.guest_schedules), or without one their logSNR; denoised and unconditional, of the same shape,
        are the finished pictures that the network saw in each state, with the label and without; pictures: the range
        that the model's pictures lie in. Levels and states are stored in ours. A trajectory of the same label and seed
        is replaced. Raises RunError for states, levels and labels that do not fit the run or each other.
        """
        self._open()
        size = self.card["dataset"]["size"]
        views = {
            name: None if held is None else channels_last(held, size, self._channels)
            for name, held in (("x", x), ("denoised", denoised), ("unconditional", unconditional))
        }
        row = trajectory_row(views, levels, schedule, pictures)
        own = {"label": self._labels(label, 1)[0], "seed": whole(seed, "A seed"), "guidance": float(guidance)}
        states = self.card.setdefault("states", row["steps"] + 1)
        if row["steps"] + 1 != states:
            raise RunError(
                f"This trajectory has {row['steps'] + 1} states and others of {self.id} have {states}; "
                "keep as many of each."
            )
        self._know_channels(row.pop("channels"))
        self._trajectories.add([row | own | {"solver": clean(str(solver))}])

    def finish(self) -> None:
        """End the run well: everything is on the disk when this returns. A second call does nothing.

        Raises RunError where the disk does not take it, or another process has the run; then it may be called again.
        """
        self.end("finished", "")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(*ending(error))

    def end(self, state: str, message: str) -> None:
        """End the run in a state of the card, with a sentence. Raises RunError as `finish` does."""
        if self._taken:
            self._lose()
        if self.refusal:
            return
        self.refusal = f"{self.id} has ended; go on with it by firstlight.record({self.id!r}, ..., resume=True)."
        self._log.early.set()
        self._thread.join()
        try:
            with self._writing:
                self._log.close()
                self._snapshots.write(at_once=True)
                self._trajectories.write(at_once=True)
                self._write_card()  # what it says of steps must not be later than the manifest
                write_manifest(self.run)
                self.card.update(state=state, finished=None if state == "stopped" else now())
                self._write_card(message)
        except (OSError, RunError) as error:
            self.refusal = ""
            if isinstance(error, RunError):
                raise
            raise RunError(
                f"The last of {self.id} could not be written ({error.strerror}); make room and call finish() again."
            ) from error
        self._lock.close()
        if self._watch:
            self._watch.let_go()

    def announced(self) -> None:
        """Wait until a command that announces the end of the run has ended, where there is one."""
        if self._watch:
            self._watch.wait()

    def _lose(self) -> None:
        """Let go of a run that another process writes now. Raises RunError, the first time."""
        said, self._taken = self._taken, ""
        try:
            self._lock.close()
        except RunError as error:
            said = str(error)
        raise RunError(said)

    def end_with_process(self) -> None:
        """End the run as the process ends: crashed or stopped where an exception has ended it, else finished."""
        error = getattr(sys, "last_value", None)
        try:
            self.end(*ending(None if error is self._error_before else error))
        except RunError as fault:
            print(f"firstlight: {fault}", file=sys.stderr)

    def forked(self) -> None:
        """In a process that was forked off: leave the run to its own process."""
        self.refusal = f"{self.id} is recorded by another process; call log and snapshot there."
        self._lock.close()

    def _open(self) -> None:
        if self.refusal:
            raise RunError(self.refusal)

    def _keep_writing(self) -> None:
        """What the thread does: write, wait, until the run ends; a full disk is said once and tried again."""
        warned = False
        while not self.refusal:
            self._log.early.wait(metric_log.WRITE_SECONDS)
            try:
                with self._writing:
                    if not self.refusal:
                        self._write()
                warned = False
            except RunError as error:  # another process writes it now
                self.refusal = self._taken = str(error)
            except OSError as error:
                if not warned:
                    warnings.warn(f"{self.id} cannot be written ({error.strerror}); trying again.", stacklevel=1)
                warned = True
                time.sleep(metric_log.WRITE_SECONDS / 4)

    def _write(self) -> None:
        changed = [part.write() for part in (self._log, self._snapshots, self._trajectories)]
        if self._log.broken and self._watch:
            self._watch.say_diverged()
        if any(changed) or time.monotonic() - self._beat > BEAT_SECONDS:
            self._write_card()

    def _write_card(self, message: str = "") -> None:
        """run.json with a heartbeat; `message` and what is remarkable are what it says of itself."""
        if self._log.rewound:
            name, step = self._log.rewound
            self.remark("steps", f"Steps came twice or went backwards, first at step {step:,} of {name}; "
                                  "of each step the last value counts.")  # fmt: skip
        self._beat = time.monotonic()
        step, seconds = max(self.card["step"], self._log.steps), self._before + self._beat - self._began
        self.card.update(step=step, steps=max(self.card["steps"], step), heartbeat=now(), seconds=round(seconds, 1))
        if self._log.epoch is not None:
            self.card["epoch"] = self._log.epoch
        self.card["message"] = " ".join(filter(None, [message, *self._remarks.values()]))
        store_card(self.run, self.card)

    def remark(self, kind: str, sentence: str) -> None:
        """What is to be known of this run, on its card: one sentence of each kind, the first."""
        self._remarks.setdefault(kind, sentence)

    def _name(self, name: Any) -> str:
        text = str(name).encode("utf-8", "backslashreplace").decode()
        if not 0 < len(text) <= LONGEST_NAME:
            raise RunError(f"A metric's name has 1 to {LONGEST_NAME} characters, not {len(text):,}; choose another.")
        return self._names.setdefault(name, text)

    def _know_channels(self, channels: int) -> None:
        self._channels = self.card["dataset"]["channels"] = channels

    def _labels(self, labels: Any, count: int) -> list[int]:
        classes = len(self.card["dataset"]["classes"])
        if labels is None and classes > 1:
            raise RunError(f"The run has {classes} classes; say the label of each picture, 0 to {classes - 1}.")
        held = [0] * count if labels is None else wholes(labels, count, "labels")
        wrong = next((label for label in held if not 0 <= label < max(classes, 1)), None)
        if wrong is not None:
            raise RunError(f"Label {wrong} is none of {classes} classes; labels are 0 to {max(classes, 1) - 1}.")
        return held
