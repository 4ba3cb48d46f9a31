"""Whether a run learned from the test pictures that it is held against, so that nothing here is new to it."""

from typing import Any

TRAINING = {"mnist": 60_000, "fashion-mnist": 60_000, "cifar10": 50_000, "digits5000": 4_500}  # pictures of that split
SAID = "learned from the real test pictures too (seen in training), so they are not new to it"


def seen_in_training(dataset: str, pictures: float | None) -> bool:
    """By how many pictures it learned from: more than there are to learn from. None, or nan: not known, so no."""
    return pictures is not None and pictures > TRAINING.get(dataset, float("inf"))


def remark(card: dict[str, Any]) -> str:
    """One sentence for a run that did, by its run.json; empty for others."""
    dataset = card["dataset"]
    return f"{card.get('id', 'It')} {SAID}." if seen_in_training(dataset["name"], dataset.get("pictures")) else ""
