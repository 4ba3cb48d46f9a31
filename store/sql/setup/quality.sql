-- Every quality figure of the chosen runs. The folder's name is the run.
set variable quality_files = $files;
create or replace temp view quality as
select split_part(filename, '/', -2) as run, metric, label, value, low, high, n, judge, draws
from read_parquet(getvariable('quality_files'), filename = true, union_by_name = true);
