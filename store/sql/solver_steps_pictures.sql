-- The sample pictures of every way of drawing of a run and its students, with what the judge takes each picture for.
select network, solver, evaluations, n, top, pictures
from solver_steps
where run = $run
order by network <> run, network, solver, evaluations
