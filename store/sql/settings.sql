-- One row per setting of each chosen run, its own words and Firstlight's; `differs`: they disagree, or some run lacks it.
with settings as (
    select run, entry.key as setting, entry.value ->> '$' as value
    from cards, json_each(settings) as entry
)
select run, setting, value,
    count(distinct coalesce(value, '')) over same > 1
    or count(*) over same < (select count(*) from cards) and max(coalesce(value, '')) over same <> '' as differs
from settings
window same as (partition by setting)
order by setting, run
