"""What stands in every Parquet file of a run: column names, types and units, once.

The seam is here because the writers (trainer, evaluator) and the readers (views, pages) must agree on it.
"""

from typing import Any

import pyarrow as pa

SCHEMA = 1  # raised when a reader of the old files would misread the new ones

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
    "clip": CLIP,
    "clip_real": CLIP_REAL,
    "clip_steps": JUDGEMENTS,
}


def table_of(schema: pa.Schema, columns: dict[str, Any]) -> pa.Table:
    """The table of these columns, name -> values (rows,), each cast to the schema's type."""
    return pa.Table.from_arrays([pa.array(columns[field.name]).cast(field.type) for field in schema], schema=schema)
