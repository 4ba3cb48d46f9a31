-- One row per noise seed and step of the chains that judge themselves: the mean entropy of the model's own answer, in nats.
select run, seed, step, median(logsnr) as logsnr, avg(entropy) as entropy, count(*) as n
from judgements
where view = 'ancestral' and judge = 'posterior' and isfinite(entropy)
group by run, seed, step
order by run, seed, step
