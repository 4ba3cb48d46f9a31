-- One row per run, label before, label after and step at which it changes: how many pictures end as the label after, as the
-- label before, or as something else.
select
    run, from_label, to_label, step, max(steps) as steps,
    percent_of(step, max(steps)) as percent, median(logsnr) as logsnr,
    sigma_of(median(logsnr)) as sigma, ou_of(median(logsnr)) as ou,
    count(*) as n, count(*) filter (where top = to_label) as becomes, count(*) filter (where top = from_label) as stays
from swap
where from_label <> to_label
group by run, from_label, to_label, step
order by run, from_label, to_label, step
