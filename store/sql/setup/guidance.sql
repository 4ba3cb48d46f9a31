-- Every figure of the chosen runs' guidance laws. The folder's name is the run. Older files hold laws against a constant scale
-- at one S, at which they guide more or less strongly on average: that is no comparison, and is left out.
set variable guidance_files = $files;
create or replace temp view guidance as
select run_of(filename) as run, law, scale, steps, against, metric, judge, value, low, high, n
from read_parquet(getvariable('guidance_files'), filename = true)
where against is distinct from 'constant';
