-- One row per class before one CLIP judge and prompt template of a run: what real test pictures of it score, and the judge's recall.
select
    label, n, recall, recall_low, recall_high, cosine, cosine_low, cosine_high, cosine_sd,
    probability, probability_low, probability_high, probability_sd, in_domain
from clip_real
where judge = $clip and template = $template
order by label
