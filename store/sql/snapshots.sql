-- One row per picture kept through training, of every class or of one, at every kept step or at one.
select run, step, epoch, label, seed, image
from snapshots
where label = coalesce($label, label) and step = coalesce($step, step)
order by run, step, label, seed
