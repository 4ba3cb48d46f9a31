-- What the chosen runs' pictures come to beside their training pictures. The folder's name is the run.
set variable novelty_files = $files;
create or replace temp view novelty as
select run_of(filename) as run, metric, space, "of", label, value, low, high, n
from read_parquet(getvariable('novelty_files'), filename = true);
