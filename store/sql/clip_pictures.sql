-- One row per picture that is kept of those that CLIP scored, with one judge's scores: the best and the worst of each class.
select
    sample, label, seed, cosine, clip.probability, z, clip.top,
    clip_pictures.judge as classifier, clip_pictures.top as classifier_top, image
from clip_pictures
join clip using (run, sample, label, seed)
where clip.judge = $clip and template = $template and image is not null
order by label, sample
