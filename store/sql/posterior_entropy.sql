-- One row per run, class and step of the chains that judge themselves: the entropy of the model's own answer, mean and middle
-- half of the pictures; a null class is all of them.
with said as (
    select run, label, step, steps, logsnr, entropy
    from judgements
    where view = 'ancestral' and judge = 'posterior' and isfinite(entropy)
)
select
    run, label, step, max(steps) as steps,
    percent_of(step, max(steps)) as percent, median(logsnr) as logsnr,
    sigma_of(median(logsnr)) as sigma, ou_of(median(logsnr)) as ou,
    avg(entropy) as entropy, quantile_cont(entropy, 0.25) as low, quantile_cont(entropy, 0.75) as high, count(*) as n
from said
group by grouping sets ((run, label, step), (run, step))
order by run, label nulls first, step
