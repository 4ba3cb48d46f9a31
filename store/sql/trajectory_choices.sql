-- One row per stored trajectory: what it shows and how it was made, without its frames.
select run, sample, label, seed, solver, steps, guidance, len(frames) as frames
from trajectories
order by run, label, seed, sample
