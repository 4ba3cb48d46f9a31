-- One row per value of a setting, a word, a tag or a sweep ($by), of the runs that have one: how many, and of a figure the
-- mean, the least and the most; the largest groups first.
with grouped as (
    select distinct run, text as value from facts where name = coalesce($by, 'sweep') and text <> ''
),
measured as (
    select run, any_value(number) as figure from facts where name = coalesce($figure, 'last_loss') group by run
)
select
    value, count(*) as runs, count(figure) as measured, avg(figure) as mean, min(figure) as least, max(figure) as most
from grouped left join measured using (run)
group by value
order by runs desc, value
limit coalesce($rows, 50)
offset coalesce($skipped, 0)
