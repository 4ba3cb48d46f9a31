-- One row per pair of chains and level at which they were copied: the class that each ends in.
select run, pair, seed, level, logsnr, label, "first", "second"
from speciation
order by run, label, pair, logsnr
