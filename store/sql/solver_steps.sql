-- One row per way of drawing of a run and its students, fewest evaluations first, without the sample pictures.
select * exclude (pictures)
from solver_steps
where run = $run
order by evaluations, network <> run, network, solver
