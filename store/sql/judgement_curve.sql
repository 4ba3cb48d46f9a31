-- One row per step, view and judge: what was said of one trajectory, of every view or of one.
select
    run, sample, label, seed, view, judge, step, steps,
    percent_of(step, steps) as percent, logsnr, sigma_of(logsnr) as sigma, ou_of(logsnr) as ou,
    top, probability, entropy
from judgements
where run = $run and sample = $sample and view = coalesce($view, view) and judge = coalesce($judge, judge)
order by view, judge, step
