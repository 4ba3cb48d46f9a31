-- One row per run, CLIP judge and prompt template: pictures scored, how many have the asked class's prompt as the nearest, with
-- the 95 % Wilson interval, and whether the judge was trained on real pictures of the same dataset; all templates first.
with known as (
    select run, judge, bool_or(in_domain) as in_domain
    from clip_real
    group by run, judge
),
counts as (
    select run, judge, template, count(*) as n, count(*) filter (where top = label) as hits
    from clip
    group by run, judge, template
)
select
    run, judge, template, n, hits, hits / n as share, wilson(hits, n, -1) as low, wilson(hits, n, 1) as high, in_domain
from counts
left join known using (run, judge)
order by run, judge, template <> 'mean', template
