"""What a picture is called: prompt templates, and the words for every class.

A CLIP score is a score of a sentence too: templates that a judge was trained with are told from those it never saw.
"""

import re
from collections.abc import Sequence

from firstlight.errors import JudgeError

SLOT = "{c}"  # where the class stands in a template

DIGITS = (
    'a photo of the number: "{c}".',  # the CLIP paper's own prompt for MNIST
    "a handwritten digit {c}.",
    "a drawing of a {c}.",
    "the number {c}, written by hand.",
    "a photo of the digit {c}.",
    "a handwritten {c}.",
    "a picture of the number {c}.",
    'an image of the digit "{c}".',
    "a blurry photo of the number {c}.",
    "a black and white photo of a {c}.",
    "this is the digit {c}.",
    "this is a {c}.",
    "the digit: {c}.",
    "a small picture showing {c}.",
    "one handwritten number, {c}.",
    "a {c} in white on black.",
    "white strokes that make a {c}.",
    "someone wrote {c}.",
    "a scanned {c}.",
    "a good drawing of the number {c}.",
    "a bad photo of the digit {c}.",
    "number {c}",
    "digit {c}",
    "{c}",
)
DIGITS_UNSEEN = (
    "a sketch of the numeral {c}.",
    'a low resolution scan of the number "{c}".',
    "here somebody has written the figure {c}.",
    "could this be a {c}?",
)
THINGS = (
    "a photo of a {c}.",
    "a picture of a {c}.",
    "a drawing of a {c}.",
    "a black and white photo of the {c}.",
    "a photo of the {c}.",
    "an image of a {c}.",
    'a photo of: "{c}".',
    "a blurry photo of a {c}.",
    "a product photo of a {c}.",
    "a small picture showing a {c}.",
    "this is a {c}.",
    "this shows one {c}.",
    "the {c} on a black background.",
    "a {c} from a shop.",
    "a scanned {c}.",
    "one {c}, seen from the front.",
    "a good photo of a {c}.",
    "a bad photo of a {c}.",
    "{c}",
)
THINGS_UNSEEN = (
    "a sketch of the {c}.",
    'a low resolution scan of a "{c}".',
    "here somebody has photographed a {c}.",
    "could this be a {c}?",
)
SHOWN = 4  # of the templates seen in training, the first ones; those not seen are all used for scoring
NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
OTHER_WORDS = {str(digit): (word,) for digit, word in enumerate(NUMBERS)} | {
    "t-shirt": ("tee", "short-sleeved top"),
    "trouser": ("trousers", "pair of pants"),
    "pullover": ("sweater", "jumper"),
    "dress": ("gown", "frock"),
    "coat": ("overcoat", "jacket"),
    "sandal": ("open shoe",),
    "shirt": ("blouse", "button-down shirt"),
    "sneaker": ("trainer", "sports shoe"),
    "bag": ("handbag", "purse"),
    "ankle boot": ("boot", "short boot"),
}


def trained_templates(classes: Sequence[str]) -> tuple[str, ...]:
    """The templates that captions are made of in training."""
    return DIGITS if _are_digits(classes) else THINGS


def unseen_templates(classes: Sequence[str]) -> tuple[str, ...]:
    """The templates that no caption in training was made of."""
    return DIGITS_UNSEEN if _are_digits(classes) else THINGS_UNSEEN


def scored_templates(classes: Sequence[str]) -> tuple[str, ...]:
    """The templates pictures are scored with: the usual one first, some seen in training, and all that were not."""
    return trained_templates(classes)[:SHOWN] + unseen_templates(classes)


def words(name: str) -> tuple[str, ...]:
    """What a class is called in captions: its own name first."""
    return (name, *OTHER_WORDS.get(name, ()))


def prompt(template: str, name: str) -> str:
    """The sentence of a class."""
    return template.replace(SLOT, name)


def checked(templates: Sequence[str]) -> tuple[str, ...]:
    """The templates as they are. Raises JudgeError for none, and for one that is empty or does not name the class."""
    if not templates:
        raise JudgeError(f"There is no prompt; give at least one, such as: --prompt '{THINGS[0]}'")
    for template in templates:
        if not template.strip():
            raise JudgeError(f"A prompt is empty; write a sentence with {SLOT} in the class's place.")
        if SLOT not in template:
            raise JudgeError(f"The prompt {template!r} does not name the class; put {SLOT} in its place.")
        if re.search(r"[\x00-\x1f]", template):
            raise JudgeError("A prompt holds a control character; write it as one line of text.")
    if len(set(templates)) < len(templates):
        raise JudgeError("A prompt is given twice; give each once.")
    return tuple(templates)


def _are_digits(classes: Sequence[str]) -> bool:
    return set(classes) <= set("0123456789")
