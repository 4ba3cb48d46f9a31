-- One row per real picture that a run noised and denoised, way back and noise level: whether it kept its class, and how much
-- each part of it changed (null in older files).
select run, conditional, picture, logsnr, top = label as kept, change
from uturn
where run = $run
order by conditional, picture, logsnr
