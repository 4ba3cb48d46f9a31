-- Every picture of the chosen runs that was drawn under a guidance law. The folder's name is the run.
set variable guided_files = $files;
create or replace temp view guided as
select
    run_of(filename) as run, law, scale, steps, seed, block, label, evaluations, mean_scale,
    cnn, cnn_probability, cnn_reached, clip, clip_probability, clip_reached, scales, image
from read_parquet(getvariable('guided_files'), filename = true);
