-- How far the pictures of the chosen runs, and real ones, lie from the training pictures. The folder's name is the run.
set variable novelty_pictures_files = $files;
create or replace temp view novelty_pictures as
select
    run_of(filename) as run, "of", picture, label, seed, neighbour,
    pixels, pixels_second, features, features_second, image, neighbour_image
from read_parquet(getvariable('novelty_pictures_files'), filename = true);
