"""Adam and its learning rate: warm-up, cycles, decay."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

MEAN, SQUARE = 0.9, 0.99  # how much of a gradient's mean, and of its square's, is kept each step
EPSILON = 1e-8


class Adam:
    """What torch.optim.Adam computes, bit for bit, without the compiler that it loads: half a training's start."""

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.parameters = list(parameters)
        self.state: dict[int, dict[str, Tensor]] = {}  # of the parameters that have had a gradient, by their number

    def load(self, state: dict[int, dict[str, Tensor]]) -> None:
        """Go on with a stored state; each step counter stays on the CPU."""
        for number, held in state.items():
            device = self.parameters[number].device
            self.state[number] = {key: value if key == "step" else value.to(device) for key, value in held.items()}

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Change the parameters by their gradients."""
        having = [(number, each, each.grad) for number, each in enumerate(self.parameters) if each.grad is not None]
        for number, each, _ in having:
            if number not in self.state:
                zero = torch.zeros_like(each)
                self.state[number] = {"step": torch.tensor(0.0), "exp_avg": zero, "exp_avg_sq": zero.clone()}
        states = [self.state[number] for number, *_ in having]
        steps = [held["step"].add_(1).item() for held in states]
        means, squares = ([held[name] for held in states] for name in ("exp_avg", "exp_avg_sq"))
        gradients = [gradient for *_, gradient in having]
        torch._foreach_lerp_(means, gradients, 1 - MEAN)
        torch._foreach_mul_(squares, SQUARE)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - SQUARE)
        sizes = torch._foreach_sqrt(squares)
        torch._foreach_div_(sizes, [(1 - SQUARE**step) ** 0.5 for step in steps])
        torch._foreach_add_(sizes, EPSILON)
        rates = [-rate / (1 - MEAN**step) for step in steps]
        torch._foreach_addcdiv_([each for _, each, _ in having], means, sizes, rates)


def cycle_starts(steps: int, cycles: int, extended: Sequence[int] = ()) -> list[int]:
    """The steps at which a later cycle begins: of the first training, and where it was `extended` after its end."""
    first = extended[0] if extended else steps
    return [first * cycle // cycles for cycle in range(1, cycles)] + list(extended)
