"""The numbers that stand in a report's summary, and those of single classes as a table."""

from collections.abc import Sequence

from dashboard import run_facts
from dashboard.report.checked_numbers import Number


def summary(found: Sequence[Number]) -> list[Number]:
    """The few numbers that stand in a report's summary."""
    wanted = ("Accuracy of the asked class (", run_facts.FIGURES["frechet_ratio"][0], "Classification accuracy score",
              "CAS, taught by ",
              "Half are recognizable by", "Never recognizable", "CLIP's mean softmax")  # fmt: skip
    whole = [number for number in found if number.of == "all"]
    return [number for start in wanted for number in whole if number.what.startswith(start)]


def by_class(found: Sequence[Number]) -> tuple[list[str], list[tuple[str, list[Number | None]]]]:
    """The numbers of single classes as a table: what they are, and for each class one of each."""
    single = {(number.what, number.of): number for number in found if number.of != "all"}
    heads = list(dict.fromkeys(what for what, _ in single))
    return heads, [(of, [single.get((what, of)) for what in heads]) for of in dict.fromkeys(of for _, of in single)]
