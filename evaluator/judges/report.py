"""What `firstlight evaluate fit-judge` and `examine-judge` say to people."""

from evaluator.judges.judge import Judge


def report(judge: Judge) -> str:
    """How good a judge is, a line or two."""
    share = f"{100 * judge.card['accuracy']:.2f} % [{100 * judge.card['low']:.1f}, {100 * judge.card['high']:.1f}]"
    told = f"{judge.name}: {share} of {judge.card['n']:,} real test pictures"
    told += " at its cleanest level" if judge.kind == "noisy" else ""
    return told + (f"\n{judge.card['warning']}" if judge.card.get("warning") else "")
