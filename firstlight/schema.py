"""What stands in every Parquet file of a run: column names, types and units, once.

The seam is here because the writers (trainer, evaluator) and the readers (views, pages) must agree on it.
"""

from typing import Any

import pyarrow as pa

SCHEMA = 1  # raised when a reader of the old files would misread the new ones
METADATA = b"firstlight"  # key of the file's own notes: what it was made from, by whom, and the null of a threshold

METRICS = pa.schema(
    [
        ("step", pa.int64()),  # optimizer steps done
        ("epoch", pa.float64()),  # passes over the training pictures, fractional
        ("metric", pa.string()),  # loss, learning_rate, gradient_norm, pictures_per_second, validation_loss
        ("value", pa.float64()),
    ]
)

SNAPSHOTS = pa.schema(
    [
        ("step", pa.int64()),
        ("epoch", pa.float64()),
        ("label", pa.int32()),  # index into the dataset's classes
        ("seed", pa.int64()),  # the noise; the same through training
        ("image", pa.binary()),  # uint8, H x W x C
    ]
)

TRAJECTORIES = pa.schema(
    [
        ("sample", pa.int64()),  # 0, 1, 2 ...: the row's own number
        ("label", pa.int32()),
        ("seed", pa.int64()),  # the noise; every seed is drawn once for every label
        ("solver", pa.string()),
        ("steps", pa.int32()),  # K, evaluations of the denoiser (pairs, with guidance)
        ("guidance", pa.float64()),
        ("frames", pa.list_(pa.int32())),  # the step numbers kept, of 0 .. K; 0 is pure noise, K the finished picture
        ("logsnr", pa.list_(pa.float64())),  # noise level at each kept step
        ("x", pa.large_binary()),  # x_t, uint8 (frames, H, W, C): value = byte / 255 * 6 - 3
        ("denoised", pa.large_binary()),  # x̂0 with the label, uint8 (frames, H, W, C): value = byte / 127.5 - 1
        ("unconditional", pa.large_binary()),  # x̂0 without a label, as `denoised`
    ]
)
X_RANGE = 3.0  # stored x_t is clipped to [-3, 3]

JUDGEMENTS = pa.schema(
    [
        ("sample", pa.int64()),  # a stored trajectory; below 0: a chain that was drawn for a judge and not stored
        ("label", pa.int32()),
        ("seed", pa.int64()),
        ("step", pa.int32()),  # 0 .. K
        ("steps", pa.int32()),  # K
        ("logsnr", pa.float32()),
        ("view", pa.string()),  # x, denoised, unconditional; ancestral: x of the chains in posterior.parquet
        ("judge", pa.string()),  # the judge's name, e.g. mnist-clean; posterior: the model's own
        ("top", pa.int32()),  # the judge's first choice
        ("probability", pa.float32()),  # of the label that was asked for
        ("entropy", pa.float32()),  # of the judge's answer, in nats
    ]
)

QUALITY = pa.schema(
    [
        # accuracy, frechet, frechet_floor, frechet_ratio (classes weigh the same; in frechet_plain, ... as they come),
        # kid, precision, recall, cas, cas_real
        ("metric", pa.string()),
        ("label", pa.int32()),  # a class, or null for all classes together
        ("value", pa.float64()),
        ("low", pa.float64()),  # 95 % interval; null where none makes sense
        ("high", pa.float64()),
        ("n", pa.int64()),  # generated pictures behind the value
        ("judge", pa.string()),
    ]
)

# The experiments. Each file's own notes (JSON under the key `firstlight`) name its settings and the denoiser's sha256.
SPECIATION = pa.schema(
    [
        ("pair", pa.int64()),  # two ends of one chain that was copied; 0, 1, 2 ... at every level
        ("seed", pa.int64()),  # the noise of the chain before the copy
        ("level", pa.int32()),  # which of the levels tried
        ("logsnr", pa.float64()),  # where the chain was copied
        ("label", pa.int32()),  # it was drawn with; as many as there are classes: no label
        ("first", pa.int32()),  # the clean judge's first choice for one end
        ("second", pa.int32()),  # and for the other
    ]
)

UTURN = pa.schema(
    [
        ("picture", pa.int64()),  # index into the real test pictures
        ("label", pa.int32()),  # its class
        ("logsnr", pa.float64()),  # to which it was noised
        ("top", pa.int32()),  # the clean judge's first choice after denoising
        ("conditional", pa.bool_()),  # whether the denoiser was told the class
    ]
)

SWAP = pa.schema(
    [
        ("seed", pa.int64()),
        ("from_label", pa.int32()),  # asked for before the change
        ("to_label", pa.int32()),  # asked for from `step` on
        ("step", pa.int32()),  # 0 .. K; at K the label was never changed
        ("steps", pa.int32()),  # K
        ("logsnr", pa.float64()),  # at `step`
        ("top", pa.int32()),  # the clean judge's first choice for the finished picture
    ]
)

CLASSIFIER = pa.schema(
    [
        ("picture", pa.int64()),  # index into the real test pictures
        ("label", pa.int32()),  # its class
        ("top", pa.int32()),  # the denoiser's first choice
        ("draws", pa.int32()),  # of noise, behind the answer
        ("probability", pa.float32()),  # of the picture's class
    ]
)

ABLATIONS = pa.schema(
    [
        ("part", pa.string()),  # taken away: none (all in place), skips, "skips 14" (at 14 x 14), time, label, steps
        ("label", pa.int32()),  # asked for
        ("seed", pa.int64()),  # the noise; the same for every part and label
        ("evaluations", pa.int32()),  # of the network, for this picture
        ("top", pa.int32()),  # the clean judge's first choice; -1 where the picture came out as not a number
        ("probability", pa.float32()),  # of the label
        ("real", pa.bool_()),  # whether it lies among real pictures, in the judge's features; null: no real ones known
        ("image", pa.binary()),  # uint8, H x W x C, of the first few seeds; null for the others
    ]
)

CLIP = pa.schema(
    [
        ("sample", pa.int64()),  # a finished picture, 0, 1, 2 ...: those that quality is measured on, in their order
        ("label", pa.int32()),  # asked for
        ("seed", pa.int64()),
        ("judge", pa.string()),  # mnist-clip, or "openclip" and the model's name
        ("template", pa.string()),  # of the prompts, with {c} for the class; mean: all of them together
        ("cosine", pa.float32()),  # of the picture's and its label's vectors, -1 to 1, not scaled
        ("probability", pa.float32()),  # of the label: softmax over the class prompts
        ("z", pa.float32()),  # the cosine in standard deviations from the mean of real pictures of the label
        ("top", pa.int32()),  # the class whose prompt is nearest
    ]
)

CLIP_REAL = pa.schema(
    [
        ("judge", pa.string()),
        ("template", pa.string()),  # as in CLIP
        ("label", pa.int32()),
        ("n", pa.int64()),  # real test pictures of the class
        ("recall", pa.float64()),  # share of them whose nearest prompt is their class's; Wilson's 95 % interval
        ("recall_low", pa.float64()),
        ("recall_high", pa.float64()),
        ("cosine", pa.float64()),  # mean over them, with its 95 % interval and their standard deviation
        ("cosine_low", pa.float64()),
        ("cosine_high", pa.float64()),
        ("cosine_sd", pa.float64()),
        ("probability", pa.float64()),  # mean over them, likewise
        ("probability_low", pa.float64()),
        ("probability_high", pa.float64()),
        ("probability_sd", pa.float64()),
        ("in_domain", pa.bool_()),  # whether the judge was trained on real pictures of this dataset
    ]
)

CLIP_PICTURES = pa.schema(
    [
        ("sample", pa.int64()),  # as in CLIP
        ("label", pa.int32()),
        ("seed", pa.int64()),
        ("judge", pa.string()),  # the classifier that looked at it too; null where the dataset has none
        ("top", pa.int32()),  # its first choice
        ("probability", pa.float32()),  # what it gives the label
        ("image", pa.binary()),  # uint8, H x W x C; null but for the best and the worst of each class
    ]
)

CLIP_SNAPSHOTS = pa.schema(
    [
        ("step", pa.int64()),  # with the next three as in SNAPSHOTS
        ("epoch", pa.float64()),
        ("label", pa.int32()),
        ("seed", pa.int64()),
        ("judge", pa.string()),  # with the rest as in CLIP
        ("template", pa.string()),
        ("cosine", pa.float32()),
        ("probability", pa.float32()),
        ("z", pa.float32()),
        ("top", pa.int32()),
    ]
)

SOLVER_STEPS = pa.schema(
    [
        ("network", pa.string()),  # the run whose denoiser drew: the folder's own, or a student of it
        ("solver", pa.string()),
        ("levels", pa.string()),
        ("steps", pa.int32()),  # K
        ("guidance", pa.float64()),
        ("evaluations", pa.int32()),  # of the network, for each picture
        ("n", pa.int64()),  # pictures; picture i shows class i mod classes, from the same noise in every row
        ("accuracy", pa.float64()),  # of the asked class, with Wilson's 95 % interval
        ("accuracy_low", pa.float64()),
        ("accuracy_high", pa.float64()),
        ("frechet", pa.float64()),  # to the real test pictures; null where n is too small, or no real ones are here
        ("frechet_floor", pa.float64()),  # that of as many real training pictures
        ("frechet_ratio", pa.float64()),  # their ratio
        ("frechet_ratio_low", pa.float64()),
        ("frechet_ratio_high", pa.float64()),
        ("cas", pa.float64()),  # classification accuracy score; null where no classifier was fitted
        ("cas_low", pa.float64()),
        ("cas_high", pa.float64()),
        ("cas_real", pa.float64()),  # that of as many real training pictures
        ("ms", pa.float64()),  # for each picture when one of each class is drawn: median of some rounds
        ("ms_low", pa.float64()),  # the fastest round
        ("ms_high", pa.float64()),  # the slowest
        ("provider", pa.string()),  # that was timed: CPU, CUDA
        ("top", pa.binary()),  # the judge's first choice for each picture, uint8 (n,)
        ("pictures", pa.large_binary()),  # the first few, uint8 (., H, W, C)
    ]
)

# Guidance laws: the pictures, and what they come to.
GUIDED = pa.schema(
    [
        ("law", pa.string()),  # constant, interval, clip, shuffled, cnn, feedback
        ("scale", pa.float64()),  # S, the law's only number
        ("steps", pa.int32()),  # K
        ("seed", pa.int64()),  # the noise; the same for every law, scale, number of steps and label
        ("block", pa.int32()),  # seeds drawn together: 0, 1, 2 ...
        ("label", pa.int32()),  # asked for
        ("evaluations", pa.int32()),  # of the network, for this picture
        ("mean_scale", pa.float32()),  # guidance scale in force, mean over the steps
        ("cnn", pa.int32()),  # the clean judge's first choice for the finished picture
        ("cnn_probability", pa.float32()),  # of the label
        ("cnn_reached", pa.bool_()),  # whether it took x̂0 for the label at a step before the last
        ("clip", pa.int32()),  # the same three of the CLIP judge
        ("clip_probability", pa.float32()),
        ("clip_reached", pa.bool_()),
        ("scales", pa.list_(pa.float32())),  # (K,) in force at each step; null but for the first seed of a block
        ("image", pa.binary()),  # uint8, H x W x C; null but for the first seed of a block
    ]
)

GUIDANCE = pa.schema(
    [
        ("law", pa.string()),  # as in GUIDED; real: as many real pictures, the best there can be
        ("scale", pa.float64()),  # as in GUIDED; null where it is the mean over all scales above 1
        ("steps", pa.int32()),  # null of real pictures
        ("against", pa.string()),  # this law less another, at the same scale, steps and noise; null: the law itself
        # accuracy, drift, frechet, precision, recall, cas, evaluations, mean_scale
        ("metric", pa.string()),
        ("judge", pa.string()),  # cnn or clip; null where neither has a say
        ("value", pa.float64()),
        ("low", pa.float64()),  # 95 % interval; null where there is none
        ("high", pa.float64()),
        ("n", pa.int64()),  # generated pictures behind the value
    ]
)

TABLES: dict[str, pa.Schema] = {
    "metrics": METRICS,
    "snapshots": SNAPSHOTS,
    "trajectories": TRAJECTORIES,
    "judgements": JUDGEMENTS,
    "quality": QUALITY,
    "speciation": SPECIATION,
    "uturn": UTURN,
    "swap": SWAP,
    "classifier": CLASSIFIER,
    "posterior": JUDGEMENTS,
    "ablations": ABLATIONS,
    "clip": CLIP,
    "clip_real": CLIP_REAL,
    "clip_pictures": CLIP_PICTURES,
    "clip_snapshots": CLIP_SNAPSHOTS,
    "clip_steps": JUDGEMENTS,
    "guidance": GUIDANCE,
    "guided": GUIDED,
    "solver_steps": SOLVER_STEPS,
}


def table_of(schema: pa.Schema, columns: dict[str, Any]) -> pa.Table:
    """The table of these columns, name -> values (rows,), each cast to the schema's type."""
    return pa.Table.from_arrays([pa.array(columns[field.name]).cast(field.type) for field in schema], schema=schema)
