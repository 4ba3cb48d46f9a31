-- One row per moment of training at which pictures were kept.
select run, step, any_value(epoch) as epoch, count(*) as pictures
from snapshots
group by run, step
order by run, step
