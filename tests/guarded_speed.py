"""Ten digits of `mnist` in a process with limits, against the same in one's own: python tests/guarded_speed.py"""

import statistics
import time
from pathlib import Path

from firstlight.archives import BUNDLED
from firstlight.run_folder import Run
from firstlight.runtime import CPU
from firstlight.untrusted import workers
from firstlight.untrusted.guarded_session import GuardedSession
from sampler.generation import generate, settings_of
from sampler.session import load

ROUNDS = 8


def main() -> None:
    run = Run(BUNDLED / "mnist")
    near, far, settings = load(run.denoiser, "cpu"), load(run.denoiser, "cpu"), settings_of(run)
    began = time.perf_counter()
    far.session = GuardedSession(Path(run.denoiser).read_bytes())  # type: ignore[assignment]
    print(f"{CPU}; process and graph ready after {time.perf_counter() - began:.2f} s")
    ratios = []
    for number in range(ROUNDS + 1):
        seconds = {}
        for net in (near, far) if number % 2 else (far, near):
            *_, last = generate(net, range(10), range(10), settings)
            seconds[net] = last.seconds
        ratios += [seconds[far] / seconds[near]] if number else []  # the first warms both
    print(f"{statistics.median(ratios):.2f} x, {min(ratios):.2f} to {max(ratios):.2f}, of {ROUNDS} pairs")
    print(f"{max(each.resident for each in workers._workers) / 1e6:.0f} MB in memory after the last")


if __name__ == "__main__":
    main()
