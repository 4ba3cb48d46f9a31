-- One row per start of a run's few steps, the ordinary one of each number of steps first.
select run, steps, logsnr, n, frechet, draws
from late_start
where run = $run
order by steps, logsnr nulls first
