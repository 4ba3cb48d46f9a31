-- One row per setting of each chosen run, its own words and Firstlight's; `differs` marks those on which the runs disagree.
with settings as (
    select run, entry.key as setting, entry.value ->> '$' as value
    from cards, json_each(settings) as entry
)
select run, setting, value, count(distinct coalesce(value, '')) over (partition by setting) > 1 as differs
from settings
order by setting, run
