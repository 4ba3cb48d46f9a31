-- One row per run, class and judged step: the share of samples that are recognized from here on (`share`, with its 95 % Wilson
-- interval), and the share that the judge gets right at this very step (`now`).
with ends as (
    select run, judge, sample, step as recognized
    from recognized(coalesce($judge, null), coalesce($view, 'denoised'), coalesce($threshold, 0.5))
),
counts as (
    select
        run, any_value(judge) as judge, label, step, max(steps) as steps, median(logsnr) as logsnr, count(*) as n,
        count(*) filter (where step >= recognized) as recognized,
        count(*) filter (where top = label) as right_now
    from judgements join ends using (run, judge, sample)
    where view = coalesce($view, 'denoised')
    group by run, label, step
)
select
    run, judge, label, step, steps,
    percent_of(step, steps) as percent, logsnr, sigma_of(logsnr) as sigma, ou_of(logsnr) as ou,
    recognized, n, recognized / n as share, wilson(recognized, n, -1) as low, wilson(recognized, n, 1) as high,
    right_now / n as now
from counts
order by run, label, step
