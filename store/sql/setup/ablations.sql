-- Every picture that the chosen runs drew with a part of their network or of their sampling taken away. The folder's name is
-- the run.
set variable ablations_files = $files;
create or replace temp view ablations as
select run_of(filename) as run, part, label, seed, evaluations, top, probability, "real", image
from read_parquet(getvariable('ablations_files'), filename = true);
