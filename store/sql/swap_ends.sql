-- One row per picture that ends as its label before or as its label after the change: where the label changed, and whether the
-- one before stays.
select run, seed, step, logsnr, top = from_label as stays
from swap
where from_label <> to_label and top in (from_label, to_label)
order by run, seed, step
