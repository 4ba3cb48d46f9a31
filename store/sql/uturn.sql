-- One row per run, way back (with a label or without), class of a real picture and noise level: how many keep their class, with
-- the 95 % Wilson interval of their share; a null class is all of them.
with counts as (
    select
        run, conditional, label, logsnr, count(*) as n, count(*) filter (where top = label) as kept
    from uturn
    group by grouping sets ((run, conditional, label, logsnr), (run, conditional, logsnr))
)
select
    run, conditional, label, logsnr, sigma_of(logsnr) as sigma, ou_of(logsnr) as ou,
    kept, n, kept / n as share, wilson(kept, n, -1) as low, wilson(kept, n, 1) as high
from counts
order by run, conditional, label nulls first, logsnr
