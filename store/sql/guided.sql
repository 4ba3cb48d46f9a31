-- One row per picture drawn under a guidance law: what it was asked for, what both judges take it for, and at what cost.
select
    run, law, scale, steps, seed, block, label, evaluations, mean_scale,
    cnn, cnn_probability, cnn_reached, clip, clip_probability, clip_reached
from guided
order by run, steps, law, scale, seed, label
