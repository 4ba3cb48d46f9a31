"""What stands behind the front, a tab for each question that it raises; one that is not open computes nothing."""

from dashboard.guidance import best_scale, claims, compared, pictures, sweep, weights

PARTS = {
    "Sweep": sweep.draw, "Compared": compared.draw, "Best scales": best_scale.draw, "Pictures": pictures.draw,
    "Weights": weights.draw, "Claims": claims.draw,
}  # fmt: skip
