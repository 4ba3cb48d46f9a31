-- One stored trajectory with all its frames.
select run, sample, label, seed, solver, steps, guidance, frames, logsnr, x, denoised, unconditional
from trajectories
where run = $run and sample = $sample
