-- One row per cell of a sweep, the settings in which its runs differ save the seed: these settings, its runs, and of a figure
-- the mean, the least and the most; where it is no number of some of them (`never`), no mean.
with members as (
    select run from facts where name = 'sweep' and text = coalesce($sweep, '')
),
settings as (
    select run, name, any_value(text) as text
    from facts semi join members using (run)
    where kind = 'setting' and name <> 'seed'
    group by run, name
),
differing as (
    select name from settings group by name having count(distinct text) > 1 or count(*) < (select count(*) from members)
),
cells as (
    select run, string_agg(name || ' ' || text, ', ' order by name) as cell
    from settings semi join differing using (name)
    group by run
),
measured as (
    select run, any_value(number) as figure, any_value(number) is null as never
    from facts
    where name = coalesce($figure, 'last_loss') and (number is not null or kind = 'figure')
    group by run
)
select
    coalesce(cell, '') as cell, list(run order by run) as runs, count(*) as n, count(never) as measured,
    count(*) filter (never) as never, case when count(figure) = count(never) then avg(figure) end as mean,
    min(figure) as least, max(figure) as most
from members left join cells using (run) left join measured using (run)
group by cell
order by mean nulls last, cell
limit coalesce($most, 200)
