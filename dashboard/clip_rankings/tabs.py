"""What stands behind a ranking, a tab for each question that it raises; one that is not open computes nothing."""

from dashboard.clip_rankings import judges, pictures, prompts, runs, training

PARTS = {
    "Pictures": pictures.draw, "Prompts": prompts.draw, "Judges": judges.draw, "Runs": runs.draw,
    "Training": training.draw,
}  # fmt: skip
