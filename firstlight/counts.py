"""Numbers of things in words."""

WITH_ES = ("s", "x", "ch")  # endings of nouns that take "es" where there are several


def counted(count: float, noun: str) -> str:
    """A whole number with what it counts, of which there may be one: "1 step", "1,000 steps", "2 classes"."""
    many = f"{count:,.0f}"
    return f"{many} {noun}" if many == "1" else f"{many} {noun}{'es' if noun.endswith(WITH_ES) else 's'}"
