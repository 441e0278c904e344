"""What the operators in an autograd graph are: the one place that knows their names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Role = Literal["weights", "activation", "norm", "attention", "join", "gate", "shape", "loss", "opaque", "other"]

# Operators that apply a weight to an input: the input's place among `next_functions`; None: it has none.
WEIGHTS = {
    "addmm": 1,  # bias, data, weight
    "mm": 0,
    "mv": 0,
    "addmv": 1,
    "dot": 0,
    "bmm": 0,
    "baddbmm": 1,
    "convolution": 0,
    "linear": 0,
    "embedding": None,
    "embedding_bag": None,
    "mkldnn_rnn_layer": 0,
    "cudnn_rnn": 0,
    "miopen_rnn": 0,
    "thnn_fused_lstm_cell": 0,
    "thnn_fused_gru_cell": 0,
}

ACTIVATIONS = {  # operator: the name in torch.nn.functional
    "relu": "relu",
    "clamp_min": "relu",  # x.clamp(min=0), the hand-written one
    "leaky_relu": "leaky_relu",
    "prelu_kernel": "prelu",
    "rrelu_with_noise": "rrelu",
    "elu": "elu",  # selu and celu are elu with other constants
    "gelu": "gelu",
    "silu": "silu",
    "mish": "mish",
    "sigmoid": "sigmoid",
    "log_sigmoid": "logsigmoid",
    "tanh": "tanh",
    "softplus": "softplus",
    "hardtanh": "hardtanh",  # relu6 is one
    "hardswish": "hardswish",
    "hardsigmoid": "hardsigmoid",
    "softshrink": "softshrink",
    "hardshrink": "hardshrink",
    "threshold": "threshold",
    "glu": "glu",
    "softmax": "softmax",
    "log_softmax": "log_softmax",
    "sin": "sin",
}

NORMS = {
    "native_batch_norm": "batch_norm",
    "cudnn_batch_norm": "batch_norm",
    "miopen_batch_norm": "batch_norm",
    "native_layer_norm": "layer_norm",
    "native_group_norm": "group_norm",
    "fused_rms_norm": "rms_norm",
    "rms_norm": "rms_norm",
}

LOSSES = {
    "nll_loss": "nll_loss",
    "nll_loss2d": "nll_loss",
    "nll_loss_nd": "nll_loss",
    "binary_cross_entropy": "binary_cross_entropy",
    "binary_cross_entropy_with_logits": "binary_cross_entropy_with_logits",
    "mse_loss": "mse_loss",
    "l1_loss": "l1_loss",
    "smooth_l1_loss": "smooth_l1_loss",
    "huber_loss": "huber_loss",
    "soft_margin_loss": "soft_margin_loss",
    "multi_margin_loss": "multi_margin_loss",
    "multilabel_margin_loss": "multilabel_margin_loss",
    "ctc_loss": "ctc_loss",
    "cudnn_ctc_loss": "ctc_loss",
}

SHAPES = frozenset(
    "t transpose permute view view_as unsafe_view reshape reshape_alias alias clone to_copy squeeze unsqueeze expand "
    "select slice split split_with_sizes unsafe_split unbind chunk flatten contiguous copy_slices as_strided mean "
    "max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices avg_pool2d avg_pool3d repeat movedim "
    "adaptive_avg_pool2d adaptive_max_pool2d detach native_dropout feature_dropout constant_pad_nd reflection_pad2d "
    "cat stack roll index gather upsample_nearest2d upsample_bilinear2d pixel_shuffle lift_fresh".split()
)
# Through these a parameter reaches the operator that uses it: Linear's transpose, autocast's cast, weight_norm.
OF_WEIGHTS = frozenset(
    "t transpose permute view unsafe_view reshape_alias to_copy squeeze unsqueeze expand clone select slice split "
    "chunk unbind weight_norm_interface alias".split()
)
# Through these values pass as they are.
VIEWS = ("view", "unsafe_view", "reshape_alias")  # keep the order of the values, and count them off anew
RESHAPES = OF_WEIGHTS - {"weight_norm_interface"}
# And through these they are only added up, by weights that hang on nothing that flows. Not among them: what picks by an
# index (it may come of the values), and products (the factor may be a mask of them).
SUMS_UP = frozenset(
    "mean sum neg flip roll repeat cumsum avg_pool2d avg_pool3d adaptive_avg_pool2d adaptive_avg_pool3d constant_pad_nd "
    "reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d "
    "upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_linear1d upsample_bilinear2d upsample_trilinear3d "
    "upsample_bicubic2d pixel_shuffle pixel_unshuffle im2_col col2_im".split()
)
PARTS = ("select", "slice", "split", "split_with_sizes", "unbind", "chunk")  # let some of the values through
TURNS = ("t", "transpose", "permute", "numpy_t")  # of a matrix


@lru_cache(maxsize=1024)  # a graph has thousands of nodes, of some dozens of names
def operator(node_name: str) -> str:
    """ "AddmmBackward0" -> "addmm"; "AvgPool2DBackward0" -> "avg_pool2d"; "torch::autograd::Error" -> "error"."""
    name = re.sub(r"Backward\d*$", "", node_name.rpartition("::")[2]).replace("NLL", "Nll")
    name = re.sub(r"(?<=\d)D(?=[A-Z]|$)", "d", name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().removesuffix("_for_cpu")


def signed(number: int) -> int:
    """Nodes keep a negative dim or index as an unsigned number."""
    return number - (1 << 64) if number >= 1 << 63 else number


def role(op: str, data_inputs: int, scalar: bool) -> Role:
    """What an operator is in the flow. `data_inputs`: how many of its inputs are not parameters."""
    if op in WEIGHTS:
        return "weights"
    if op in ACTIVATIONS:
        return "activation"
    if op in NORMS:
        return "norm"
    if op in LOSSES:
        return "loss"
    if op.startswith(("scaled_dot_product", "flash_attention", "efficient_attention")):
        return "attention"
    if op in SHAPES or (op in ("add", "sub", "mul", "div") and data_inputs < 2):  # a bias, a scale, a dropout mask
        return "shape"
    if op in ("add", "sub") and not scalar:
        return "join"
    if op == "mul" and not scalar:
        return "gate"
    if op in ("compiled_function", "checkpoint_function"):
        return "opaque"
    return "other"
