"""What is compared, a tab for each kind of difference; one that is not open computes nothing."""

from dashboard.compare import clip, configuration, loss, quality, recognizability, step_by_step

PARTS = {
    "Recognizability": recognizability.draw, "Step by step": step_by_step.draw, "Quality": quality.draw,
    "CLIP": clip.draw, "Loss": loss.draw, "Configuration": configuration.draw,
}  # fmt: skip
