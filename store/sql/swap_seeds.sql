-- One row per noise seed and step at which the label changes: how many pictures of all pairs of labels end as the label after,
-- and as the one before.
select
    run, seed, step, count(*) as n,
    count(*) filter (where top = to_label) as becomes, count(*) filter (where top = from_label) as stays
from swap
where from_label <> to_label
group by run, seed, step
order by run, step, seed
