"""What `firstlight evaluate clip`, `fit-clip` and `examine-clip` say to people."""

from collections.abc import Mapping
from typing import Any

from firstlight.counts import counted
from firstlight.interval_text import brackets, with_interval


def report(figures: dict[str, Any]) -> str:
    """The orders as a table for people."""
    lines = [
        f"{figures['run']}: {counted(figures['pictures'], 'picture')} before {figures['judge']}. {figures['about']}"
    ]
    for name, order in figures["scores"].items():
        wide = 1 + max(11, *(len(row["class"]) for row in order["classes"]))
        lines += ["", f"{'class':<{wide}}{'rank':<12}{name:<28}{'real pictures':<28}the judge's recall on real ones"]
        for row in order["classes"]:
            rank = f"{row['rank']} {brackets(*row['ranks'])}"
            lines.append(
                f"{row['class']:<{wide}}{rank:<12}{_cell(row):<28}{_cell(row['real']):<28}"
                f"{_cell(row['recall'])}, n = {row['recall']['n']:,}"
            )
        apart = "; ".join(", ".join(group) for group in order["not_told_apart"])
        lines.append(f"Not to be told apart: {apart or 'none'}.")
    lines += ["", "template                                              named right"]
    lines += [f"{row['template'][:52]:<54}{_cell(row['right'])}" for row in figures["templates"]]
    lines += ["", *(f"{row['claim']} ({row['part']}): {row['verdict']}. {row['reason']}" for row in figures["claims"])]
    lines += ["", *_beside(figures["beside"])]
    return "\n".join(lines)


def of_real(card: Mapping[str, Any]) -> str:
    """How good a CLIP is, from its card."""
    unseen, sure = min(row["value"] for row in card["prompts"] if not row["seen"]), card["calibration"][0]
    return (
        f"{card['name']}: {100 * card['accuracy']:.2f} % of {card['n']:,} real test pictures with its usual prompt, "
        f"at least {100 * unseen:.2f} % with prompts it never saw; {sum(card['size'].values()) / 1e6:.1f} MB\n"
        f"With all prompts together it says {100 * sure['said']:.1f} % on average and is right on "
        f"{100 * sure['right']:.1f} %: calibration error {100 * sure['error']:.2f} points, and up to "
        f"{100 * sure['chance']:.2f} by chance"
    )


def _beside(beside: dict[str, Any]) -> list[str]:
    """How far the order agrees with others, a line each."""
    lines = [
        f"Order by {name} against that of real pictures: Spearman {_cell(row)}" for name, row in beside["real"].items()
    ]
    if "classifier" not in beside:
        return lines
    lines += [
        f"Order by {name} against {beside['classifier']}'s: Spearman {_cell(row)}"
        for name, row in beside["order"].items()
    ]
    return [*lines, f"First choices against {beside['classifier']}'s: kappa {_cell(beside['kappa'])}"]


def _cell(row: dict[str, Any]) -> str:
    return with_interval(row, ".4f")
