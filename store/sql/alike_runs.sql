-- One row per sound run that draws the same classes in pictures of the same size as $like, newest first, at most so many: its card.
select cards.*
from cards, (select run, dataset, classes, size, channels from cards where run = $like) as other
where
    cards.run <> other.run and cards.state <> 'damaged' and cards.dataset = other.dataset
    and cards.classes = other.classes and cards.size = other.size and cards.channels = other.channels
order by cards.started desc nulls last, cards.run
limit coalesce($most, 200)
