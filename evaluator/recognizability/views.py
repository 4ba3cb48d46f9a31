"""What a judge looked at, a view in tables of judgements: in words, and the kind of judge that looks at it."""

# x_t comes first: at pure noise the x̂0 of a label is that class's mean, which needs no picture
VIEWS = {
    "fine": "x_t, small steps",
    "x": "x_t, noisy",
    "denoised": "x̂0, with label",
    "unconditional": "x̂0, no label",
    "ancestral": "x_t, ancestral chain",
}
KINDS = {"x": "noisy", "denoised": "clean", "unconditional": "clean"}  # of the stored trajectories; others are noisy
