-- One row per picture kept through the training of a run: how far the nearest training picture is, and the second nearest.
select run, step, epoch, label, seed, pixels, pixels_second
from memorisation
order by run, step, label, seed
