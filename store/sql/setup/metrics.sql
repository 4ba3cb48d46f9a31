-- Every logged value of the chosen runs. The folder's name is the run.
set variable metrics_files = $files;
create or replace temp view metrics as
select split_part(filename, '/', -2) as run, step, epoch, metric, value
from read_parquet(getvariable('metrics_files'), filename = true);
