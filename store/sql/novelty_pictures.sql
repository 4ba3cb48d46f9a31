-- One row per pair that is kept, a picture and its nearest training picture: those first that are nearest for the distance of
-- their second nearest.
select run, "of", picture, label, seed, neighbour, pixels, pixels_second, image, neighbour_image
from novelty_pictures
where image is not null
order by run, "of", pixels / nullif(pixels_second, 0), picture
