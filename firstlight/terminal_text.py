"""What others wrote, as a terminal may show it."""


def literal(text: str) -> str:
    """The text without characters that would steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)
