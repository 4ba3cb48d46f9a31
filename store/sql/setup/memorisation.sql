-- The pictures kept through training beside the nearest ones that were learned from. The folder's name is the run.
set variable memorisation_files = $files;
create or replace temp view memorisation as
select run_of(filename) as run, step, epoch, label, seed, pixels, pixels_second
from read_parquet(getvariable('memorisation_files'), filename = true);
