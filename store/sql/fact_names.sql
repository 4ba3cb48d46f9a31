-- One row per setting, figure, number and word that some run has: of what kind it is, how many runs have it, whether it is a
-- number in all of them, and whether runs differ in it; figures first, then what most runs differ in.
select
    name, min(kind) as kind, count(distinct run) as runs, bool_and(number is not null) as numeric,
    min(text) <> max(text) as differs
from facts
group by name
order by min(kind) <> 'figure', not differs, runs desc, name
limit coalesce($most, 500)
