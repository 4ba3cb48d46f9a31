"""What is compared, a tab for each kind of difference; one that is not open computes nothing."""

from dashboard.compare import clip, loss, made_with, quality, recognizability, step_by_step

PARTS = {
    "Recognizability": recognizability.draw, "Step by step": step_by_step.draw, "Quality": quality.draw,
    "CLIP": clip.draw, "Loss": loss.draw, "Configuration": made_with.draw,
}  # fmt: skip
