"""The processes that train one run together: each takes its share of every batch, and the first alone writes.

Noise, levels and dropped labels of a step are drawn for the whole batch in every process, which then keeps its share:
they depend on the seed, the step and the place in the batch, and not on how many processes there are.
"""

import os
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn

from firstlight.errors import RunError, disk
from firstlight.extras import extras
from firstlight.run_state import ending
from trainer.launcher import MEETING, launched

PATIENCE = timedelta(hours=2)  # for one that downloads or draws while the others wait; a dead one is noticed at once
T = TypeVar("T")


class Lost(RunError):
    """Another process of the training has ended."""


class Agreed(RunError):
    """A fault of one process that all of them know of; the first one says it."""


@dataclass(frozen=True)
class Team:
    """Who this process is among `size` that train together; the rank is 0 to size − 1."""

    size: int = 1
    rank: int = 0

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and talks."""
        return self.rank == 0

    def share(self, whole: Tensor) -> Tensor:
        """This process's rows of a batch; shares differ by one row at most."""
        return whole[slice(*self._ends(len(whole)))]

    def weight(self, batch: int) -> float:
        """How much the mean over this process's share counts in the mean over the batch."""
        begin, end = self._ends(batch)
        return (end - begin) / batch

    def _ends(self, count: int) -> tuple[int, int]:
        return count * self.rank // self.size, count * (self.rank + 1) // self.size

    def sum(self, values: Tensor) -> Tensor:
        """The sum over all processes, which takes the place of `values`. Raises Lost."""
        if self.size > 1:
            with _noticing():
                distributed.all_reduce(values)
        return values

    def add_up(self, parameters: Iterable[nn.Parameter], loss: Tensor, asked: bool) -> tuple[Tensor, bool]:
        """Sum the gradients; returns the summed loss, and whether one of all was asked to stop. Raises Lost."""
        if self.size == 1:
            return loss, asked
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        more = torch.stack([loss, torch.full_like(loss, float(asked or _left_alone()))])
        flat = self.sum(torch.cat([*(gradient.reshape(-1) for gradient in gradients), more]))
        parts = flat.split([*(gradient.numel() for gradient in gradients), 1, 1])
        for gradient, part in zip(gradients, parts, strict=False):
            gradient.copy_(part.view(gradient.shape))
        return parts[-2][0], bool(parts[-1] > 0)

    def copy_first(self, network: nn.Module) -> None:
        """Give every process the first one's weights. Raises Lost."""
        if self.size > 1:
            for value in network.state_dict().values():
                plain = value.contiguous()
                with _noticing():
                    distributed.broadcast(plain, 0)
                value.copy_(plain)

    def kinds(self, device: str) -> str:
        """What all compute on, each kind with its number, as in "2 x CPU". Raises Lost."""
        if self.size == 1:
            return device
        every = self._gathered(device)
        return " + ".join(f"{every.count(kind)} x {kind}" for kind in dict.fromkeys(every))

    def agree(self, fault: str = "") -> None:
        """Wait for all. Raises Agreed with a sentence where one has a fault, and Lost."""
        if self.size == 1:
            return
        for rank, sentence in enumerate(self._gathered(fault)):
            if sentence:
                raise Agreed(f"Process {rank + 1} of {self.size}: {sentence}" if rank else sentence)

    def _gathered(self, text: str) -> list[str]:
        told: list[str] = [""] * self.size
        with _noticing():
            distributed.all_gather_object(told, text)
        return told

    @contextmanager
    def alike(self) -> Iterator[None]:
        """What all do before the first step: where one fails, all end, with its sentence. Raises Agreed and Lost.

        Of several processes; a single one raises what it raises.
        """
        try:
            yield
        except (Agreed, Lost):
            raise
        except Exception as error:
            if self.size > 1 and not _foreseen(error):
                traceback.print_exc()
            self.agree(sentence(error))
            raise
        self.agree()

    def in_turn(self, work: Callable[[], T]) -> T:
        """What `work` returns, which the first process does before the others, who find its downloads. Within alike."""
        if self.first:
            with self.alike():
                return work()
        self.agree()
        return work()


def joined(wanted: int | None) -> Team:
    """This process among those that were launched with it; alone where none were. wanted: what --processes says.

    Raises RunError where that is not how many were launched, and where they do not find each other.
    """
    size = launched()
    if wanted not in (None, size):
        raise RunError(f"{size} processes were launched, and --processes says {wanted}; leave it away.")
    if size == 1:
        return Team()
    here, gpus = int(os.environ.get("LOCAL_WORLD_SIZE") or size), torch.cuda.device_count()
    if 0 < gpus < here:
        raise RunError(f"{here} processes need {here} GPUs, and there are {gpus}; start fewer, or train on processor "
                       "cores with: CUDA_VISIBLE_DEVICES= firstlight train --processes N")  # fmt: skip
    with extras():
        from accelerate import PartialState
    place: dict[str, Any] = {}
    if meeting := os.environ.get(MEETING):
        place = {"init_method": Path(meeting).as_uri(), "rank": int(os.environ["RANK"]), "world_size": size}
    try:
        state = PartialState(cpu=not gpus, timeout=PATIENCE, **place)
    except (RuntimeError, ValueError) as error:
        said = (str(error).splitlines() or [""])[0][:160]
        raise RunError(f"The {size} processes do not find each other ({said}); start them again.") from error
    return Team(state.num_processes, state.process_index)


def first() -> bool:
    """Whether this process is the one that talks: the first of those that were launched, or the only one."""
    return launched() == 1 or os.environ.get("RANK") == "0"


def parted() -> None:
    """Close what processes that trained together hold open."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()


def sentence(error: Exception) -> str:
    """What went wrong, for people."""
    if isinstance(error, OSError):
        return disk(error)
    return str(error) if _foreseen(error) else ending(error)[1]


def _foreseen(error: Exception) -> bool:
    """Whether an error says in a sentence what to do."""
    return isinstance(error, (RunError, ValueError, OSError)) or type(error).__module__.startswith("trainer.")


@contextmanager
def _noticing() -> Iterator[None]:
    """Raise Lost for what torch says of a process that has gone."""
    try:
        yield
    except RuntimeError as error:
        raise Lost("Another process of this training has ended; what it said is above. Start again.") from error


def _left_alone() -> bool:
    """Whether the command that started this process is gone."""
    parent = parent_process()
    return parent is not None and not parent.is_alive()
