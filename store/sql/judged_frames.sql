-- One row per picture and kept step before one judge and view of a run: its first choice, and its probability of the class asked.
select sample, label, seed, step, steps, logsnr, top, probability
from judgements
where judge = $judge and view = $view
order by sample, step
