-- Every pair of ends of every copied chain of the chosen runs. The folder's name is the run.
set variable speciation_files = $files;
create or replace temp view speciation as
select run_of(filename) as run, pair, seed, level, logsnr, label, "first", "second"
from read_parquet(getvariable('speciation_files'), filename = true);
