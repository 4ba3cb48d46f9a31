-- Every figure of the chosen runs' guidance laws. The folder's name is the run. Older files hold laws against a constant scale
-- at one S, at which they guide more or less strongly on average: that is no comparison, and is left out. Their precision has
-- Wilson's interval, as if pictures of one noise were independent: where all of a file's have it, it has no value.
set variable guidance_files = $files;
create or replace temp view guidance as
with kept as (
    select
        *, metric = 'precision' and law <> 'real' as clustered,
        bool_and(abs(low - wilson(value * n, n, -1)) < 1e-5) filter (where value > 0 and value < 1)
            over (partition by filename, metric = 'precision' and law <> 'real') as plain
    from read_parquet(getvariable('guidance_files'), filename = true)
    where against is distinct from 'constant'
)
select
    run_of(filename) as run, law, scale, steps, against, metric, judge,
    if(clustered and plain, null, value) as value, if(clustered and plain, null, low) as low,
    if(clustered and plain, null, high) as high, n
from kept;
