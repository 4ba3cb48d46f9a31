-- One row per judged step: where it stands on every x-axis.
select
    run, judge, view, step, max(steps) as steps,
    percent_of(step, max(steps)) as percent,
    median(logsnr) as logsnr, sigma_of(median(logsnr)) as sigma, ou_of(median(logsnr)) as ou
from judgements
where judge = coalesce($judge, judge) and view = coalesce($view, view)
group by run, judge, view, step
order by run, judge, view, step
