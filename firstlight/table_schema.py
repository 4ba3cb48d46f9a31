"""Every Parquet file of a run: each column's name, type and meaning, once. docs/run-format.md says the same for people.

The file's own notes (JSON under the key METADATA) say what it was made from and by whom.
"""

from typing import Any

import pyarrow as pa

from firstlight.column_text import columns, type_named

SCHEMA = 1  # raised when a reader of the old files would misread the new ones
METADATA = b"firstlight"  # key of a file's own notes
X_RANGE = 3.0  # stored x_t is clipped to [-3, 3]

_JUDGEMENTS = """
    sample        int64    a stored trajectory; below 0: a chain that was drawn for a judge and not stored
    label         int32    the class that was asked for, an index into the dataset's classes
    seed          int64    the noise
    step          int32    0 to K; 0 is pure noise, K the finished picture
    steps         int32    K
    logsnr        float32  noise level at the step, ln(ᾱ / (1 − ᾱ))
    view          string   x, denoised, unconditional; ancestral: x of the chains in posterior.parquet; fine: x of those
                           in recognition.parquet
    judge         string   the judge's name, such as mnist-clean; posterior: the model's own
    top           int32    the judge's first choice, a class
    probability   float32  of the label that was asked for, 0 to 1
    entropy       float32  of the judge's answer, in nats
"""

_COLUMNS = {
    "metrics": """
    step          int64    optimizer steps done
    epoch         float64  passes over the training pictures, fractional
    metric        string   loss, learning_rate, gradient_norm, pictures_per_second, validation_loss, or any other name
    value         float64  in the metric's own unit
    """,
    "snapshots": """
    step          int64    optimizer steps done
    epoch         float64  passes over the training pictures, fractional
    label         int32    index into the dataset's classes
    seed          int64    the noise; the same through training
    image         binary   the finished picture, uint8 (H, W, C)
    """,
    "trajectories": """
    sample        int64    0, 1, 2 ...: the row's own number
    label         int32    index into the dataset's classes
    seed          int64    the noise; every seed is drawn once for every label
    solver        string   the solver's name, such as ddpm or dpmpp-2m
    steps         int32    K, evaluations of the denoiser (pairs, with guidance)
    guidance      float64  scale s; 1 is plain conditional
    frames        list<int32>    the step numbers kept, of 0 to K; 0 is pure noise, K the finished picture
    logsnr        list<float64>  noise level at each kept step, ln(ᾱ / (1 − ᾱ)), rising
    x             large_binary   x_t, uint8 (frames, H, W, C): value = byte / 255 * 6 - 3
    denoised      large_binary   x̂0 with the label, uint8 (frames, H, W, C): value = byte / 127.5 - 1
    unconditional large_binary   x̂0 without a label, as denoised
    """,
    "judgements": _JUDGEMENTS,
    "recognition": _JUDGEMENTS,
    "quality": """
    metric        string   accuracy, frechet, frechet_floor, frechet_ratio (classes weigh the same; in frechet_plain,
                           frechet_plain_floor, frechet_plain_ratio as they come), kid_by_class (kid, of older files,
                           is biased and not shown), precision, recall, cas, and of as many real pictures
                           precision_real, recall_real, cas_real; cas_2000 and cas_2000_real are of a classifier that
                           saw 2,000 pictures 10 times, and compare with no cas
    label         int32    a class, or null for all classes together
    value         float64  a share from 0 to 1, or a distance in the judge's features
    low           float64  lower end of its 95 % interval; null where none makes sense
    high          float64  upper end
    n             int64    generated pictures behind the value
    judge         string   the judge's name
    draws         list<float64>  of frechet and frechet_plain: the same of pictures drawn again within each class, by
                           draws that all runs with as many pictures share; null else, and not in older files, whose
                           distances are not shown
    """,
    "novelty": """
    metric        string   near: share closer to a training picture than the nearest 1 % of the real test pictures are;
                           copied: share whose nearest training picture is less than a third as far as the second;
                           coverage, density (Naeem et al., 2020)
    space         string   pixels, or features: the judge's
    of            string   generated pictures; real: test pictures, and in coverage and density training pictures
    label         int32    a class, or null for all classes together
    value         float64  a share from 0 to 1; of density the mean number of balls over five
    low           float64  lower end of its 95 % interval
    high          float64  upper end
    n             int64    pictures behind the value
    """,
    "novelty_pictures": """
    of            string   as in novelty.parquet
    picture       int64    of generated ones those that quality is measured on, of real ones 0, 1, 2 ...
    label         int32    asked for, or the real picture's class
    seed          int64    the noise; null of real ones
    neighbour     int64    the nearest training picture, in pixels, each picture counted once
    pixels        float64  distance of the nearest training picture: Euclidean, of pixels from 0 to 1
    pixels_second float64  and of the second nearest
    features      float64  the same in the judge's features; null where there is no judge
    features_second float64  and of the second nearest
    image         binary   uint8 (H, W, C), of the few that are nearest for the distance of their second; else null
    neighbour_image binary   the nearest training picture, of the same few
    """,
    "memorisation": """
    step          int64    after which the picture was kept, as in snapshots.parquet
    epoch         float64  the same in passes over the training pictures
    label         int32    asked for
    seed          int64    the noise
    pixels        float64  distance of the nearest training picture: Euclidean, of pixels from 0 to 1
    pixels_second float64  and of the second nearest
    """,
    "speciation": """
    pair          int64    two ends of one chain that was copied; 0, 1, 2 ... at every level
    seed          int64    the noise of the chain before the copy
    level         int32    which of the levels tried
    logsnr        float64  where the chain was copied
    label         int32    it was drawn with; as many as there are classes: no label
    first         int32    the clean judge's first choice for one end
    second        int32    and for the other
    """,
    "uturn": """
    picture       int64    index into the real test pictures
    label         int32    its class
    logsnr        float64  noise level to which it was noised
    top           int32    the clean judge's first choice after denoising
    conditional   bool     whether the denoiser was told the class
    change        list<uint8>    how much each square of 4 x 4 pixels changed, row by row: the mean absolute difference,
                           255 from black to white; not in older files
    """,
    "swap": """
    seed          int64    the noise
    from_label    int32    asked for before the change
    to_label      int32    asked for from the step on
    step          int32    0 to K, of the change; at K the label was never changed
    steps         int32    K
    logsnr        float64  noise level at the step
    top           int32    the clean judge's first choice for the finished picture
    """,
    "classifier": """
    picture       int64    index into the real test pictures
    label         int32    its class
    top           int32    the denoiser's first choice
    draws         int32    of noise, behind the answer
    probability   float32  of the picture's class
    """,
    "posterior": _JUDGEMENTS,
    "ablations": """
    part          string   taken away: none (all in place), skips, "skips 14" (at 14 x 14), time, label, steps
    label         int32    asked for
    seed          int64    the noise; the same for every part and label
    evaluations   int32    of the network, for this picture
    top           int32    the clean judge's first choice; -1 where the picture came out as not a number
    probability   float32  of the label
    real          bool     whether it lies among real pictures, in the judge's features; null: no real ones known
    image         binary   uint8 (H, W, C), of the first few seeds; null for the others
    """,
    "clip": """
    sample        int64    a finished picture, 0, 1, 2 ...: those that quality is measured on, in their order
    label         int32    asked for
    seed          int64    the noise
    judge         string   mnist-clip, or "openclip" and the model's name
    template      string   of the prompts, with {c} for the class; mean: all of them together
    cosine        float32  of the picture's and its label's vectors, -1 to 1, not scaled
    probability   float32  of the label: softmax over the class prompts
    z             float32  the cosine in standard deviations from the mean of real pictures of the label
    top           int32    the class whose prompt is nearest
    """,
    "clip_real": """
    judge         string   as in clip.parquet
    template      string   as in clip.parquet
    label         int32    the class of the real pictures
    n             int64    real test pictures of the class
    recall        float64  share of them whose nearest prompt is their class's
    recall_low    float64  lower end of Wilson's 95 % interval
    recall_high   float64  upper end
    cosine        float64  mean over them
    cosine_low    float64  lower end of its 95 % interval
    cosine_high   float64  upper end
    cosine_sd     float64  their standard deviation
    probability   float64  of the class, mean over them
    probability_low  float64  lower end of its 95 % interval
    probability_high float64  upper end
    probability_sd   float64  their standard deviation
    in_domain     bool     whether the judge was trained on real pictures of this dataset
    """,
    "clip_pictures": """
    sample        int64    as in clip.parquet
    label         int32    asked for
    seed          int64    the noise
    judge         string   the classifier that looked at it too; null where the dataset has none
    top           int32    its first choice
    probability   float32  what it gives the label
    image         binary   uint8 (H, W, C); null but for the best and the worst of each class
    """,
    "clip_snapshots": """
    step          int64    optimizer steps done
    epoch         float64  passes over the training pictures, fractional
    label         int32    index into the dataset's classes
    seed          int64    the noise; the same through training
    judge         string   as in clip.parquet
    template      string   as in clip.parquet
    cosine        float32  as in clip.parquet
    probability   float32  as in clip.parquet
    z             float32  as in clip.parquet
    top           int32    as in clip.parquet
    """,
    "clip_steps": _JUDGEMENTS,
    "guidance": """
    law           string   as in guided.parquet; real: as many real pictures, the best there can be
    scale         float64  as in guided.parquet; null where it is the mean over all scales above 1
    steps         int32    K; null of real pictures
    against       string   this method less another of the same mean scale, steps and noise; null: the method itself
    metric        string   accuracy, drift, frechet, precision, recall, cas, evaluations, mean_scale
    judge         string   cnn or clip; null where neither has a say
    value         float64  in the metric's own unit
    low           float64  lower end of its 95 % interval; null where there is none
    high          float64  upper end
    n             int64    generated pictures behind the value
    """,
    "guided": """
    law           string   constant, interval, clip, shuffled, cnn, feedback, autoguidance
    scale         float64  S, the method's only number
    steps         int32    K
    seed          int64    the noise; the same for every method, scale, number of steps and label
    block         int32    seeds drawn together: 0, 1, 2 ...
    label         int32    asked for
    evaluations   int32    of the network, for this picture
    mean_scale    float32  guidance scale in force, mean over the steps
    cnn           int32    the clean judge's first choice for the finished picture
    cnn_probability  float32  what it gives the label
    cnn_reached   bool     whether it took x̂0 for the label at a step before the last
    clip          int32    the CLIP judge's first choice for the finished picture
    clip_probability float32  what it gives the label
    clip_reached  bool     whether it took x̂0 for the label at a step before the last
    scales        list<float32>  (K,) in force at each step; null but for the first seed of a block
    image         binary   uint8 (H, W, C); null but for the first seed of a block
    """,
    "solver_steps": """
    network       string   the run whose denoiser drew: the folder's own, or a student of it
    solver        string   the solver's name
    levels        string   the schedule's name, or the logSNRs themselves
    steps         int32    K
    guidance      float64  scale s
    evaluations   int32    of the network, for each picture
    n             int64    pictures; picture i shows class i mod classes, from the same noise in every row
    accuracy      float64  share that the clean judge takes for the asked class
    accuracy_low  float64  lower end of Wilson's 95 % interval
    accuracy_high float64  upper end
    frechet       float64  distance to the real test pictures; null where n is too small, or no real ones are here
    frechet_floor float64  that of as many real training pictures
    frechet_ratio float64  their ratio
    frechet_ratio_low  float64  lower end of its 95 % interval
    frechet_ratio_high float64  upper end
    cas           float64  classification accuracy score; null where no classifier was fitted
    cas_low       float64  lower end of its 95 % interval
    cas_high      float64  upper end
    cas_real      float64  that of as many real training pictures
    ms            float64  milliseconds for each picture when one of each class is drawn: median of some rounds
    ms_low        float64  the fastest round
    ms_high       float64  the slowest
    provider      string   that was timed: CPU, CUDA
    top           binary   the judge's first choice for each picture, uint8 (n,)
    pictures      large_binary  the first few, uint8 (., H, W, C)
    frechet_draws list<float64>  frechet of pictures drawn again within each class, by draws that all rows share; not in
                           older files
    """,
    "late_start": """
    steps         int32    K, of DDIM without a label
    logsnr        float64  where the chain begins in the fitted Gaussian; null: in pure noise, as it ordinarily does
    n             int64    pictures; picture i is drawn from the same noise in every row
    frechet       float64  distance to the real test pictures in the judge's features
    draws         list<float64>  the same of pictures drawn again, by draws that all rows share
    """,
}


COLUMNS = {table: columns(text) for table, text in _COLUMNS.items()}  # table -> column -> type and meaning
TABLES: dict[str, pa.Schema] = {
    table: pa.schema([(name, type_named(kind)) for name, (kind, _) in known.items()])
    for table, known in COLUMNS.items()
}
ADDED = {"draws", "frechet_draws", "change"}  # columns that files from before them lack
METRICS, SNAPSHOTS, TRAJECTORIES = TABLES["metrics"], TABLES["snapshots"], TABLES["trajectories"]
JUDGEMENTS, QUALITY, UTURN = TABLES["judgements"], TABLES["quality"], TABLES["uturn"]
NOVELTY, NOVELTY_PICTURES, MEMORISATION = TABLES["novelty"], TABLES["novelty_pictures"], TABLES["memorisation"]
CLIP, CLIP_REAL, CLIP_PICTURES = TABLES["clip"], TABLES["clip_real"], TABLES["clip_pictures"]
CLIP_SNAPSHOTS = TABLES["clip_snapshots"]
SOLVER_STEPS, GUIDED, GUIDANCE = TABLES["solver_steps"], TABLES["guided"], TABLES["guidance"]
LATE_START = TABLES["late_start"]


def table_of(schema: pa.Schema, columns: dict[str, Any]) -> pa.Table:
    """The table of these columns, name -> values (rows,), each cast to the schema's type."""
    return pa.Table.from_arrays([pa.array(columns[field.name]).cast(field.type) for field in schema], schema=schema)
