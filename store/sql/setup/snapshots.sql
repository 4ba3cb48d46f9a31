-- Every picture kept through the training of the chosen runs. The folder's name is the run.
set variable snapshots_files = $files;
create or replace temp view snapshots as
select run_of(filename) as run, step, epoch, label, seed, image
from read_parquet(getvariable('snapshots_files'), filename = true);
