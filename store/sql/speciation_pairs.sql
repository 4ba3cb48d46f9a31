-- One row per pair of chains and level at which they were copied: whether both end in the same class.
select run, pair, seed, level, logsnr, label, "first" = "second" as same
from speciation
order by run, label, pair, logsnr
