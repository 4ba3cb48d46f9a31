-- One row per real picture that a run noised and denoised, way back and noise level: whether it kept its class.
select run, conditional, picture, logsnr, top = label as kept
from uturn
where run = $run
order by conditional, picture, logsnr
