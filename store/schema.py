"""What stands in every Parquet file of a run: column names, types and units, once.

The seam is here because the writers (trainer, evaluator) and the readers (views, pages) must agree on it.
"""

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
        ("sample", pa.int64()),
        ("label", pa.int32()),
        ("seed", pa.int64()),
        ("step", pa.int32()),  # 0 .. K
        ("steps", pa.int32()),  # K
        ("logsnr", pa.float32()),
        ("view", pa.string()),  # x, denoised, unconditional
        ("judge", pa.string()),  # the judge's name, e.g. mnist-clean
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

TABLES: dict[str, pa.Schema] = {
    "metrics": METRICS,
    "snapshots": SNAPSHOTS,
    "trajectories": TRAJECTORIES,
    "judgements": JUDGEMENTS,
    "quality": QUALITY,
}
