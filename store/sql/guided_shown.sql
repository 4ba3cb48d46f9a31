-- The pictures drawn under guidance laws that are kept to look at: of some labels, with the scale in force at each step.
select law, scale, steps, seed, label, cnn, clip, scales, image
from guided
where image is not null and label in (select unnest($labels)) and steps = $steps
order by law, scale, label, seed
