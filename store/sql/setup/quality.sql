-- Every quality figure of the chosen runs. The folder's name is the run. A Fréchet distance over a floor of another number of
-- pictures is left out, since distances shrink with it: older files hold such ratios.
set variable quality_files = $files;
create or replace temp view quality as
select run_of(filename) as run, metric, label, value, low, high, n, judge, draws
from read_parquet(getvariable('quality_files'), filename = true, union_by_name = true)
qualify not metric like 'frechet%ratio'
    or n = coalesce(max(n) filter (where metric = 'frechet_floor') over (partition by filename), n);
