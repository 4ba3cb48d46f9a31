-- One row per prompt template and class before one CLIP judge of a run: the class's mean scores.
select template, label, count(*) as n, avg(cosine) as cosine, avg(probability) as probability, avg(z) as z
from clip
where judge = $clip
group by template, label
order by template <> 'mean', template, label
