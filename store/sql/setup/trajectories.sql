-- Every stored trajectory of the chosen runs. The folder's name is the run.
set variable trajectories_files = $files;
create or replace temp view trajectories as
select run_of(filename) as run, sample, label, seed, solver, steps, guidance, frames, logsnr, x, denoised, unconditional
from read_parquet(getvariable('trajectories_files'), filename = true);
