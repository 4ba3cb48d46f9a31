-- One row per run, newest first: a figure and a setting, as text and, where it is one, as a number.
select
    run, any_value(facts.number) filter (where name = coalesce($figure, 'last_loss')) as figure,
    any_value(facts.text) filter (where name = coalesce($setting, 'seed')) as text,
    any_value(facts.number) filter (where name = coalesce($setting, 'seed')) as number
from cards left join facts using (run)
where name in (coalesce($figure, 'last_loss'), coalesce($setting, 'seed'))
group by run, started
order by started desc nulls last, run
