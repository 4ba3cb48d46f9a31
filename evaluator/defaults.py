"""What a command uses where nobody says how many: pictures, noise seeds, steps, levels, scales, passes."""

ABLATIONS_SEEDS = 40
CHAIN_STEPS = 50  # of an experiment's chain from the noisiest level; more change little
CLASSIFIER_DRAWS = 100
CLASSIFIER_PICTURES = 1000
CLIP_FIT_EPOCHS = 10  # about five minutes on one core
CLIP_PER_CLASS = 200
CLONING_AT = (-6.0, -5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0)  # logSNR
CLONING_PAIRS = 320
GUIDANCE_BLOCKS = 3  # of noise seeds
GUIDANCE_SCALES = (1.5, 2.0, 3.0, 5.0)
GUIDANCE_STEPS = (6, 12)
LATE_START_AT = (-7.0, -6.0, -5.0, -4.0, -3.0, -2.0, -1.0)  # logSNR
LATE_START_PICTURES = 1000
LATE_START_STEPS = (3, 5, 10)
NOVELTY_PER_CLASS = 100
POSTERIOR_SEEDS = 20
POSTERIOR_STEPS = 40
QUALITY_PER_CLASS = 1000
STEPS_PER_CLASS = 100
SWAP_SEEDS = 10
UTURN_AT = (-6.0, -4.0, -3.0, -2.0, -1.0, 0.0, 2.0, 4.0)  # logSNR
UTURN_PER_CLASS = 80
