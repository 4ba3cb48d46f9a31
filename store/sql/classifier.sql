-- One row per run, number of draws and class of a real picture: how often the diffusion model itself names the class, with the
-- 95 % Wilson interval; a null class is all of them.
with counts as (
    select run, draws, label, count(*) as n, count(*) filter (where top = label) as hits
    from classifier
    group by grouping sets ((run, draws, label), (run, draws))
)
select run, draws, label, hits, n, hits / n as share, wilson(hits, n, -1) as low, wilson(hits, n, 1) as high
from counts
order by run, draws, label nulls first
