-- One row per judged sample: the step R from which on it is recognized (null is never), the first hit F, and how it ends.
-- R lies after `missed_step`, the last judged step at which it was not recognized.
select
    run, judge, sample, label, seed, steps,
    step, missed_step, percent_of(step, steps) as percent, percent_of(missed_step, steps) as missed_percent,
    logsnr, sigma_of(logsnr) as sigma, ou_of(logsnr) as ou,
    first_step, percent_of(first_step, steps) as first_percent, first_logsnr,
    step - first_step as flicker, final_top
from recognized(coalesce($judge, null), coalesce($view, 'denoised'), coalesce($threshold, 0.5))
order by run, label, seed, sample
