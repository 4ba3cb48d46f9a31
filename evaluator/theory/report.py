"""What `firstlight evaluate spectrum` and `schedule` say to people."""

from evaluator.theory.schedule_check import Check
from evaluator.theory.spectra import Spectra
from evaluator.verdict import RECOGNIZABLE
from firstlight.counts import counted
from firstlight.interval_text import with_interval


def spectrum(spectra: Spectra) -> str:
    """The figures as text for people."""
    whole, lowest, highest = spectra.whole, *spectra.pair_range()
    eigenvalues = ", ".join(f"{value:.2f}" for value in whole.eigenvalues)
    known = whole.top, whole.unit, spectra.between.top, whole.logsnr, whole.time, whole.step
    top, unit, between, logsnr, time, step = (with_interval(estimate, ".2f") for estimate in known)
    return (
        f"{spectra.name}: {counted(spectra.n, 'picture')} of {counted(len(spectra.classes), 'class')}\n"
        f"Λ {top} of pictures in [-1, 1], {unit} in [0, 1]; eigenvalues {eigenvalues}\n"
        f"Λ between the classes' means {between}\n"
        f"the class is decided at logSNR {logsnr}; pairs from {lowest:.2f} to {highest:.2f}\n"
        f"t_S {time} and step {step} of the published chain (pictures in [0, 1], T = 1000)"
    )


def schedule(run: str, check: Check) -> str:
    """The check as text for people."""
    lines = [
        f"{run}: {check.sentence}",
        f"training {check.training.name}: logSNR {check.training.clean:.2f} to {check.training.noisy:.2f}, "
        f"{check.trained_signal:.4f} of the picture at its end",
        f"sampling {check.sampling.name}, {counted(check.steps, 'step')}: logSNR {check.sampling.noisy:.2f} to "
        f"{check.sampling.clean:.2f}, told to hold {check.start_signal:.4f} of the picture at its start",
        f"{100 * RECOGNIZABLE:.0f} % of the steps: logSNR {check.seventy.logsnr:+.2f}",
    ]
    if check.speciation and check.pairs:
        lines.append(
            f"speciation: logSNR {with_interval(check.speciation, '.2f')}; "
            f"pairs {check.pairs[0]:.2f} to {check.pairs[1]:.2f}"
        )
    return "\n".join(lines)
