-- One row per run, newest first: a figure and a setting, as text and, where it is one, as a number.
with held as (
    select
        run, any_value(number) filter (where name = coalesce($figure, 'last_loss')) as figure,
        any_value(text) filter (where name = coalesce($setting, 'seed')) as setting,
        any_value(number) filter (where name = coalesce($setting, 'seed')) as number
    from facts
    where name in (coalesce($figure, 'last_loss'), coalesce($setting, 'seed'))
    group by run
)
select cards.run, figure, setting, number
from cards left join held using (run)
order by started desc nulls last, cards.run
