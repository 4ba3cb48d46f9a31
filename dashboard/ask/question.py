"""What may be asked, and one question with the run, the classes or the other run that it is of.

A question is written as the query of the link that opens it, so that links, reports and the command line say the same.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from dashboard.access import addresses
from firstlight.errors import RunError

PAGE = "ask"
LONGEST = 2_000  # characters of a question that is written down
WHEN = "When is a class recognizable?"
CLASSES = "Is one class recognizable earlier than another?"
RUNS = "Is one run recognizable earlier than another?"
BETTER = "Does one run draw better than another?"
FEW = "How few steps keep the quality?"
LABELS = "Do the pictures match their labels?"
COPIES = "Does it copy its training pictures?"
QUESTIONS = {  # what is asked -> how it is asked of something, and what it is asked of besides a run
    WHEN: ("When is {label} recognizable in {run}?", ("label",)),
    CLASSES: ("Is {label} recognizable earlier than {than} in {run}?", ("label", "than")),
    RUNS: ("Is {run} recognizable earlier than {other}?", ("other",)),
    BETTER: ("Does {run} draw better than {other}?", ("other",)),
    FEW: ("How few steps keep the quality of {run}?", ()),
    LABELS: ("Do the pictures of {run} match their labels?", ()),
    COPIES: ("Does {run} copy its training pictures?", ()),
}
KEYS = {  # of a link -> field of a question
    "question": "question", "run": "run", "class": "label", "other-class": "than", "other-run": "other",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One question; what it is not of is empty."""

    question: str  # a key of QUESTIONS
    run: str
    label: str = ""  # a class
    than: str = ""  # the class that it is held against
    other: str = ""  # the run that it is held against

    @property
    def words(self) -> str:
        """The question as one asks it."""
        return QUESTIONS[self.question][0].format(
            run=self.run, label=self.label or "a class", than=self.than or "another", other=self.other or "another run"
        )

    @property
    def given(self) -> dict[str, str]:
        """What it is of, by the keys of its link."""
        return {key: value for key, field in KEYS.items() if (value := getattr(self, field))}

    @property
    def query(self) -> str:
        """The query of its link."""
        return addresses.query(self.given)


def asked(text: str, run: str = "") -> Asked:
    """The question of a link, or of its query alone; of this `run` where it names none.

    Raises RunError, one sentence, for what is no question.
    """
    query = urlsplit(text).query if "://" in text[:20] else text.removeprefix("/").removeprefix(f"{PAGE}?")
    try:
        given = dict(parse_qsl(query, max_num_fields=50)) if len(text) <= LONGEST else {}
    except ValueError:
        given = {}
    question = given.get("question", WHEN if "run" in given and len(given) > 1 else "")
    if question not in QUESTIONS:
        raise RunError(
            f"{text[:80]!r} asks nothing that is known here; take the link of an answer on the page Ask, as "
            f"'question={LABELS}'. Questions: {' '.join(QUESTIONS)}"
        )
    needs = QUESTIONS[question][1]
    found = {field: given.get(key, "") for key, field in KEYS.items() if field in ("run", *needs)}
    made = Asked(**(found | {"question": question, "run": found["run"] or run}))
    lacking = [key for key, field in KEYS.items() if field in ("run", *needs) and not getattr(made, field)]
    if lacking:
        raise RunError(f"The question {question!r} needs {' and '.join(lacking)}: question=…&{lacking[0]}=…")
    return made
