"""What the experiments' commands say to people: each its figures."""

from typing import Any

from evaluator.experiments.ablation_figures import missing
from evaluator.theory.speciation import SPECIATED, WAY
from firstlight.counts import counted
from firstlight.interval_text import at_level, percent, with_interval


def speciation(figures: dict[str, Any]) -> str:
    """The figures for people."""
    crossed = figures["crossing"]
    lines = [f"{figures['run']}: pairs of copies that end in the same class, chains drawn {_how(figures['label'])}"]
    lines.append("logSNR      φ [95 %]")
    lines += [f"{row['logsnr']:<+8.2f}{with_interval(row, '.3f')}  n = {row['n']:,}" for row in figures["phi"]]
    where = f"{SPECIATED}" if figures["classes"] == 2 else f"{100 * WAY:.0f} % of the way from chance to its most"
    at = at_level(crossed, "off the levels tried")
    lines.append(f"φ reaches {where} {at}, n = {counted(crossed['n'], 'chain')}")
    return "\n".join(lines)


def _how(label: str | None) -> str:
    return "without a label" if label is None else f"with the label {label}"


def uturn(figures: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [
        f"{figures['run']}: real pictures ({figures['pictures']}) that keep their class, noised to logSNR and denoised"
    ]
    for row in figures["kept"]:
        if row["class"] is None:
            lines.append(f"logSNR {row['logsnr']:+.2f}, {'with its' if row['conditional'] else 'without a'} label")
        name = "all" if row["class"] is None else row["class"]
        lines.append(f"  {name:<12}{percent(row, width=6)}  n = {row['n']:,}")
    for row in figures["gives_way"]:
        way = "with its" if row["conditional"] else "without a"
        lines.append(f"{way} label most lose their class {at_level(row, 'off the levels tried')}, n = {row['n']:,}")
    for row in figures["peaks"]:
        way = "with its" if row["conditional"] else "without a"
        lines.append(f"{way} label parts of a picture change most together {at_level(row, 'off the levels tried')}")
    return "\n".join(lines)


def swap(figures: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{figures['run']}: pictures whose label changes at a step of {figures['steps']}, all pairs of classes"]
    lines.append("step  logSNR   shows the new label, %       shows the old label, %")
    for row in figures["swaps"]:
        shares = (with_interval(row[name], factor=100, width=5) for name in ("becomes", "stays"))
        lines.append(
            f"{row['step']:>4}  {row['logsnr']:+6.2f}   " + "  ".join(f"{text:<26}" for text in shares).rstrip()
        )
    where = at_level(figures["even"], "off the steps tried")
    lines.append(f"both labels weigh the same {where}, n = {counted(figures['even']['n'], 'seed')}")
    return "\n".join(lines)


def classifier(figures: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [
        f"{figures['run']}: real pictures ({figures['pictures']}) whose class the denoiser names, "
        f"{figures['draws']} draws at most"
    ]
    for row in [*figures["recall"], {"class": "all"} | figures["accuracy"]]:
        if row["n"]:
            lines.append(f"  {row['class']:<12}{percent(row, width=6)}  n = {row['n']:,}")
    return "\n".join(lines)


def posterior(figures: dict[str, Any]) -> str:
    """The figures for people."""
    lines = [f"{figures['run']}: the class along ancestral chains"]
    for row in figures["judges"]:
        right, place = row["ends_at_label"], row["falls_fastest"]
        at = at_level(place, "nowhere")
        lines.append(f"  {row['judge']}: ends at the label in {percent(right)}, n = {right['n']:,}; entropy "
                     f"falls fastest {at}, n = {counted(place['n'], 'seed')}")  # fmt: skip
    return "\n".join(lines)


def ablations(figures: dict[str, Any]) -> str:
    """The figures as a table for people."""
    lines = [
        f"{figures['run']}: pictures from the same noise with a part taken away; chance is {figures['chance']:.0%}"
    ]
    lines.append(f"{'taken away':<34}{'right, %':<24}{'among real ones, %':<24}{'good, change in points':<26}n")
    for row in figures["parts"]:
        cells = [_cell(row[name]) for name in ("accuracy", "real", "good_change")]
        lines.append(f"{row['taken']:<34}{cells[0]:<24}{cells[1]:<24}{cells[2]:<26}{row['n']:,}")
    return "\n".join([*lines, *missing([row["part"] for row in figures["parts"]])])


def _cell(estimate: dict[str, Any] | None) -> str:
    return "-" if estimate is None or estimate["value"] is None else with_interval(estimate, factor=100)
