-- One row per run, label asked for and level at which chains were copied: how many of the pairs end in the same class, with the
-- 95 % Wilson interval of their share.
with counts as (
    select run, label, level, median(logsnr) as logsnr, count(*) as n, count(*) filter (where "first" = "second") as same
    from speciation
    group by run, label, level
)
select
    run, label, level, logsnr, sigma_of(logsnr) as sigma, ou_of(logsnr) as ou,
    same, n, same / n as share, wilson(same, n, -1) as low, wilson(same, n, 1) as high
from counts
order by run, label, logsnr
