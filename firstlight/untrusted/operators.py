"""The operators that a graph may hold: those that exports of torch and diffusers, and ours, are made of.

All are of the standard's own domain, say the same each time, and have no branch. Loop is a case of its own.
"""

ARITHMETIC = (
    "Abs Add Ceil Clip Cos Cosh CumSum Div Erf Exp Floor Log Max Mean Min Mod Mul Neg Pow Reciprocal Round Sign Sin "
    "Sinh Sqrt Sub Sum Tan Tanh"
)
COMPARISONS = "And Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Not Or Where Xor"
ACTIVATIONS = (
    "Celu Elu Gelu HardSigmoid HardSwish LeakyRelu LogSoftmax Mish PRelu Relu Selu Sigmoid Softmax Softplus Softsign "
    "Swish ThresholdedRelu"
)
LAYERS = (
    "Attention AveragePool BatchNormalization Conv ConvTranspose Dropout Einsum Gemm GlobalAveragePool GlobalMaxPool "
    "GroupNormalization InstanceNormalization LayerNormalization LpNormalization MatMul MaxPool "
    "MeanVarianceNormalization RMSNormalization RotaryEmbedding"
)
REDUCTIONS = (
    "ArgMax ArgMin ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
    "ReduceSumSquare"
)
SHAPES = (
    "Cast CastLike Compress Concat Constant ConstantOfShape DepthToSpace Expand EyeLike Flatten Gather GatherElements "
    "GatherND Identity NonZero OneHot Pad Range Reshape Resize ScatterElements ScatterND Shape Size Slice SpaceToDepth "
    "Split Squeeze Tile TopK Transpose Trilu Unsqueeze Upsample"
)
OPERATORS = frozenset(" ".join((ARITHMETIC, COMPARISONS, ACTIVATIONS, LAYERS, REDUCTIONS, SHAPES)).split())
LOOP = "Loop"
