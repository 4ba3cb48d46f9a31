-- How the chosen runs, and their students, draw with few and with many evaluations. The folder's name is the run.
-- A Fréchet distance over its floor that kept no draws is an older version's, whose interval does not hold: it has no value.
set variable solver_steps_files = $files;
create or replace temp view solver_steps as
select
    run_of(filename) as run, network, solver, levels, steps, guidance, evaluations, n,
    accuracy, accuracy_low, accuracy_high, frechet, frechet_floor,
    if(frechet_draws is null, null, frechet_ratio) as frechet_ratio,
    if(frechet_draws is null, null, frechet_ratio_low) as frechet_ratio_low,
    if(frechet_draws is null, null, frechet_ratio_high) as frechet_ratio_high,
    cas, cas_low, cas_high, cas_real, ms, ms_low, ms_high, provider, top, pictures, frechet_draws
from read_parquet(getvariable('solver_steps_files'), filename = true, union_by_name = true);
