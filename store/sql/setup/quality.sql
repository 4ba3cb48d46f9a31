-- Every quality figure of the chosen runs. The folder's name is the run. A Fréchet distance over a floor of another number of
-- pictures is left out, since distances shrink with it: older files hold such ratios. What an older version measured in a way
-- that does not hold has no value: `kid`, which was told apart by no class, and Fréchet distances that kept no draws.
set variable quality_files = $files;
create or replace temp view quality as
with kept as (
    select
        run_of(filename) as run, if(metric = 'kid', 'kid_by_class', metric) as metric, label,
        metric = 'kid' or metric like 'frechet%' and metric not like '%floor'
            and not bool_or(draws is not null) over (partition by filename) as older,
        value, low, high, n, judge, draws, filename
    from read_parquet(getvariable('quality_files'), filename = true, union_by_name = true)
)
select
    run, metric, label, if(older, null, value) as value, if(older, null, low) as low, if(older, null, high) as high,
    n, judge, draws
from kept
qualify not metric like 'frechet%ratio'
    or n = coalesce(max(n) filter (where metric = 'frechet_floor') over (partition by filename), n);
