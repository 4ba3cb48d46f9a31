"""What the columns of a run's tables may hold, besides their types (table_schema.py): a rule for each column, by its
name, for all tables or for one alone.

    0..1              a number, both ends included; either may be left out, and what is left is finite
    0..1 or nan       or not a number
    anything          any number, nan and infinities too
    class, class-     a class of the run's data set, 0 to the last; or -1
    class or none     or as many as there are classes
    one of a b        one of these words
    text, long, flag  up to LONGEST characters; up to a hundred times that; true or false
    picture, pictures uint8 (H, W, C); one after the other
    classes           a class in each byte
    list 0..1         a list of numbers
    ?                 or null
    , rising          a list's numbers rise
    , per steps       as many as the row's `steps` says, or as its list has
    , alike           lists as long in every row
"""

from typing import NamedTuple

LONGEST = 1_000  # characters
MOST_ROWS = 1 << 28
LEVEL = "-1000..1000"  # logSNR whose noise is a number

_ALL = f"""
    sample        ..
    label         class
    seed          ..
    step          0..
    steps         1..1000000
    logsnr        {LEVEL}
    epoch         ..?
    view          text
    judge         text
    template      text
    top           class
    probability   0..1
    n             0..
    image         picture
    value         ..
    low           ..?
    high          ..?
    evaluations   0..1000000
    guidance      ..
    picture       0..
    pixels        0..
    pixels_second 0..
    conditional   flag
    in_domain     flag
    cosine        -1.01..1.01
    z             ..
"""
_JUDGED = """
    probability   0..1 or nan
    entropy       anything
    view          one of x denoised unconditional ancestral fine
"""
_SHARES = "0..1?"
_OWN = {
    "metrics": """
    epoch         anything?
    metric        text
    value         anything
    """,
    "trajectories": f"""
    solver        text
    frames        list 0..1000000, rising
    logsnr        list {LEVEL}, per frames
    x             pictures, per frames
    denoised      pictures?, per frames
    unconditional pictures?, per frames
    """,
    "judgements": _JUDGED, "recognition": _JUDGED, "posterior": _JUDGED, "clip_steps": _JUDGED,
    "quality": """
    metric        text
    label         class?
    value         .. or nan?
    draws         list ..?, alike
    """,
    "novelty": """
    metric        one of near copied coverage density
    space         one of pixels features
    of            one of generated real
    label         class?
    value         0..?
    """,
    "novelty_pictures": """
    of            one of generated real
    seed          ..?
    neighbour     0..
    features      0..?
    features_second 0..?
    image         picture?
    neighbour_image picture?
    """,
    "speciation": """
    pair          0..
    level         0..
    label         class or none
    first         class
    second        class
    """,
    "uturn": """
    change        list 0..255?, alike
    """,
    "swap": """
    from_label    class
    to_label      class
    """,
    "classifier": """
    draws         1..
    """,
    "ablations": """
    part          text
    top           class-
    real          flag?
    image         picture?
    """,
    "clip_real": f"""
    recall        0..1
    recall_low    {_SHARES}
    recall_high   {_SHARES}
    cosine_low    ..?
    cosine_high   ..?
    cosine_sd     0..?
    probability_low ..?
    probability_high ..?
    probability_sd 0..?
    """,
    "clip_pictures": """
    judge         text?
    top           class?
    probability   0..1?
    image         picture?
    """,
    "guidance": """
    law           one of real constant interval clip shuffled cnn feedback autoguidance
    scale         0..?
    steps         1..1000000?
    against       one of real constant interval clip shuffled cnn feedback autoguidance?
    metric        one of accuracy drift frechet precision recall cas evaluations mean_scale
    judge         one of cnn clip?
    value         ..?
    """,
    "guided": """
    law           one of constant interval clip shuffled cnn feedback autoguidance
    scale         0..
    block         0..
    mean_scale    ..
    cnn           class
    cnn_probability 0..1
    cnn_reached   flag
    clip          class
    clip_probability 0..1
    clip_reached  flag
    scales        list ..?, per steps
    image         picture?
    """,
    "solver_steps": f"""
    network       text
    solver        text
    levels        long
    evaluations   1..1000000
    n             1..
    accuracy      0..1
    accuracy_low  {_SHARES}
    accuracy_high {_SHARES}
    frechet       0..?
    frechet_floor 0..?
    frechet_ratio 0..?
    frechet_ratio_low 0..?
    frechet_ratio_high 0..?
    cas           {_SHARES}
    cas_low       {_SHARES}
    cas_high      {_SHARES}
    cas_real      {_SHARES}
    ms            0..
    ms_low        0..
    ms_high       0..
    provider      text
    top           classes, per n
    pictures      pictures
    frechet_draws list ..?, alike
    """,
    "late_start": f"""
    logsnr        {LEVEL}?
    frechet       0..
    draws         list .., alike
    """,
}  # fmt: skip
# Which rows there are: for each of what stands before the colon, one for every combination of what follows, of values
# that stand between commas. So a row is neither there twice nor missing.
ROWS = {
    "snapshots": ": step label seed",
    "trajectories": ": sample",
    "judgements": "view judge steps: sample label seed, step",
    "recognition": "view judge steps: sample label seed, step",
    "posterior": "view judge steps: sample label seed, step",
    "clip_steps": "view judge steps: sample label seed, step",
    "quality": ": metric label judge",
    "novelty": ": metric space label, of",
    "novelty_pictures": ": of picture",
    "memorisation": ": step label seed",
    "speciation": ": level logsnr, pair",
    "uturn": "conditional: picture label, logsnr",
    "swap": ": seed from_label to_label step",
    "classifier": ": picture draws",
    "ablations": ": part label seed",
    "clip": "judge: template, sample label seed",
    "clip_real": "judge: template, label",
    "clip_pictures": ": sample",
    "clip_snapshots": "judge template: step label seed",
    "guidance": ": law scale steps against metric judge",
    "guided": ": law scale steps, seed block label",
    "solver_steps": ": network solver levels steps guidance",
    "late_start": ": steps logsnr",
}
MADE_BY = {  # the command that makes a table again, less the run's id
    "trajectories": "trace", "judgements": "evaluate recognizability", "recognition": "evaluate recognizability --fine",
    "quality": "evaluate quality", "novelty": "evaluate novelty", "novelty_pictures": "evaluate novelty",
    "memorisation": "evaluate memorisation", "speciation": "evaluate speciation", "uturn": "evaluate uturn",
    "swap": "evaluate swap", "classifier": "evaluate classifier", "posterior": "evaluate posterior",
    "ablations": "evaluate ablations", "clip": "evaluate clip", "clip_real": "evaluate clip",
    "clip_pictures": "evaluate clip", "clip_snapshots": "evaluate clip", "clip_steps": "evaluate clip",
    "guidance": "evaluate guidance", "guided": "evaluate guidance", "solver_steps": "evaluate steps",
    "late_start": "evaluate late-start",
}  # fmt: skip


class Rule(NamedTuple):
    """What one column may hold."""

    kind: str  # number, anything, class, word, text, flag, picture, pictures, classes
    least: str = ""  # of a number; of a class, -1 or 0
    most: str = ""  # of a number; of a class, "none" where that is one too
    words: tuple[str, ...] = ()
    null: bool = False
    nan: bool = False
    listed: bool = False
    rising: bool = False
    per: str = ""  # the column that says how many
    alike: bool = False


def rules(table: str) -> dict[str, Rule]:
    """The rule of each column that has one, of a table by its view's name."""
    lines = [line.split(maxsplit=1) for line in (_ALL + _OWN.get(table, "")).strip().splitlines() if line.strip()]
    return {name: _rule(text) for name, text in lines}


def _rule(text: str) -> Rule:
    """A rule from its words."""
    head, *more = text.strip().split(", ")
    null, head = head.endswith("?"), head.removesuffix("?")
    nan, head = head.endswith(" or nan"), head.removesuffix(" or nan")
    listed, head = head.startswith("list "), head.removeprefix("list ")
    if head.startswith("one of "):
        rule = Rule("word", words=tuple(head.split()[2:]))
    elif ".." in head:
        least, most = head.split("..")
        rule = Rule("number", least, most)
    elif head.startswith("class") and head != "classes":
        rule = Rule("class", "-1" if head == "class-" else "0", "none" if head == "class or none" else "")
    else:
        rule = Rule(head)
    per = next((each.removeprefix("per ") for each in more if each.startswith("per ")), "")
    return rule._replace(null=null, nan=nan, listed=listed, rising="rising" in more, per=per, alike="alike" in more)
