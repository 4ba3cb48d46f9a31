-- Every picture of the chosen runs whose label was changed on the way. The folder's name is the run.
set variable swap_files = $files;
create or replace temp view swap as
select run_of(filename) as run, seed, from_label, to_label, step, steps, logsnr, top
from read_parquet(getvariable('swap_files'), filename = true);
