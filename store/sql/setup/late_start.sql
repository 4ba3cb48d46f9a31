-- How far few steps of the chosen runs end from real pictures, begun late or not. The folder's name is the run.
set variable late_start_files = $files;
create or replace temp view late_start as
select run_of(filename) as run, steps, logsnr, n, frechet, draws
from read_parquet(getvariable('late_start_files'), filename = true);
