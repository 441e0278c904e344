"""What a record says of a run's parts: frozen values, one a table row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Layer:
    """A module or function that owns weights, or an activation."""

    name: str  # dotted module path; where there is no module, the weight's own name
    kind: str  # class name, "Conv2d"; of a function the operator's, "addmm", "relu"
    order: int = 0  # place in the first forward pass
    parameters: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()  # of its weight; () if it owns none
    fan_in: int | None = None
    fan_out: int | None = None
    units: int | None = None  # features or channels of its output
    activation: str | None = None  # that its output goes through next, or that it is: "relu"; None: none or unknown
    norm: str | None = None  # normalisation that its output goes through next: "batch_norm"
    follows: tuple[str, ...] = ()  # layers that feed it
    residual: bool = False  # its output is added to a shortcut
    output: bool = False  # no other layer stands between it and the loss
    trainable: bool = True  # owns a parameter that requires grad
    line: str | None = None  # where it was made, in the user's own code: "train.py:24"
    blocked: str | None = None  # a step function that every way from it to the loss leads through: "round"
    bare: bool | None = None  # its output goes into the next weights as it is or summed up, always; None: not seen
    places: int | None = None  # of one sample's output that share its weights: pixels, tokens; 1 of a vector
    steps_first: tuple[int, int] | None = None  # of what takes (steps, samples, features): both at its first call
    softmax_first: tuple[int, ...] = ()  # shape of a softmax that it feeds and that runs over the first axis
    in_turn: tuple[str, ...] = ()  # of a norm: the different layers that feed it, one after the other on one way
    samples_before: tuple[int, ...] = ()  # of what takes (steps, samples, features): the shape, samples first, that a
    # view made it of
    crossed: tuple[int, int] | None = None  # of what runs along a convolution's samples: these, and the places that it
    # takes for samples
    drawn_from: tuple[str, ...] = ()  # layers that gave a Normal whose sample(), which has no graph, it was given
    states: tuple[
        int, ...
    ] = ()  # (steps or states, samples, features) that it gave, of which a view mixes the samples
    viewed: tuple[int, ...] = ()  # and the shape of that view
    frozen_at: int | None = None  # of what was frozen as torch drew it when it first ran: that step
    summed: int | None = None  # rows of its output that are summed into a number, which is then added to each
    normed_after: str | None = (
        None  # "relu": through that, straight and always, its output goes into a batch norm by the
    )
    # statistics of the batch; "": it does not; None: not seen
    factor: str | None = None  # of a module of the user's own that is a linear layer: the attribute that is its weight


@dataclass(frozen=True)
class Parameter:
    """One trainable (or frozen) tensor: a line of the parameter ledger."""

    name: str
    shape: tuple[int, ...] = ()
    layer: str | None = None
    trainable: bool = True
    optimizer: str | None = None  # the optimizer that holds it; None: none was seen to
    lr: float | None = None
    weight_decay: float | None = None
    shared_with: tuple[str, ...] = ()  # other names of the same tensor
    steps_with_gradient: int = 0  # of the sketched steps
    steps_moved: int = 0  # of the sketched steps
    steps_seen: int = 0  # sketched steps since it was first seen
    units_dim: int | None = None  # the dimension that counts its units; None: not known, or used both ways
    sparse: bool = False  # its gradients are no plain tensors, and not sketched
    penalised: bool = False  # a term of the loss is made of weights alone, of this one as well
    exchanged: int | None = None  # step from which its module was seen to hold another tensor in its place, that gets
    # gradients and is in no optimizer
    orphaned: int = 0  # sketched steps with a gradient since its optimizer was gone, and it frozen meanwhile
    ungraded: int = 0  # sketched steps in which its module ran under no_grad within a forward with gradients
    rounding: float | None = None  # share of itself that a value may lose at a step: half of its precision's epsilon
    cancelled: bool | None = None  # a bias straight before a batch norm by the batch's statistics, wherever it is used


@dataclass(frozen=True)
class Targets:
    """What the labels seen by one loss were: enough for the best constant prediction."""

    count: float = 0.0  # rows (of classes: labels that were not ignored)
    mass: tuple[float, ...] = ()  # per class: sum of its (one-hot or probability) targets
    total: tuple[float, ...] = ()  # per output column: sum of the targets
    square: tuple[float, ...] = ()  # per output column: sum of squared deviations from the mean
    sample: tuple[tuple[float, ...], ...] = ()  # rows kept for medians: (rows, columns)


@dataclass(frozen=True)
class Loss:
    """A loss function as it was called, from one line of the user's code."""

    name: str  # "cross_entropy at train.py:31"
    kind: str  # torch.nn.functional's name
    line: str | None = None
    options: Mapping[str, Any] = field(
        default_factory=dict
    )  # label_smoothing, ignore_index, weight, pos_weight, delta
    targets: Targets = field(default_factory=Targets)
    trained: bool = False  # a backward went through it
    made_by: str | None = None  # the operator that made its input, through reshapes: "softmax"; None: not known
    log_mass: float | None = None  # of nll_loss: largest |log sum exp| over the classes at its first call
    shape: tuple[int, ...] = ()  # of its input, at its first call
    target_shape: tuple[int, ...] = ()
    softmax_axis: int | None = None  # the axis of its input that a softmax before it ran over; None: not known
    softmax_size: int | None = None  # over how many values, at most; the own softmax of cross_entropy counts
    class_axis_lost: bool = False  # a view broke up the axis of the classes, and left another of its size
    units: int | None = None  # of the last layer, where they are several times the classes and no class is among them
    low: float | None = None  # the least that the activation which made its input can give; None: no bound known
    high: float | None = None  # and the most
    outside: float | None = None  # share of the targets outside of these bounds; of labels 1 and -1: that are neither
    floor: float | None = None  # mean loss of the best answers within them
    least: float | None = None  # of the targets
    most: float | None = None  # of the targets
    counts: tuple[float, ...] = ()  # of the targets 0, 1, 2, ... where all are whole numbers of one output column
    probabilities: bool = (
        False  # of kl_div: its first input was >= 0 and summed to 1 along an axis; of cross_entropy: all
    )
    # that were looked at, eight at least, along that of the classes
    negated: bool = False  # every backward went through its negative
    by_hand: bool = False  # it is written out, not a call; its line is that of backward
    evaluated: tuple[float, ...] = ()  # labels by class in calls without gradients
    density: bool = False  # by hand: its squares are those in the logarithm of a normal distribution's density
    masked: bool = False  # of some of its elements nothing is asked: a mask leaves them out before the mean


@dataclass(frozen=True)
class Optimizer:
    name: str  # "SGD"; "SGD-2" for a second one
    kind: str  # class name
    options: Mapping[str, Any] = field(default_factory=dict)  # of its first group: lr, momentum, weight_decay, ...
    parameters: int = 0
    steps: int = 0
    remade: int = 0  # times that a new object took over the same tensors, untouched since the old one's last step
    line: str | None = None  # the user's, that made it


@dataclass(frozen=True)
class Mode:
    """A batch norm, or a dropout that drops something, and the modes in which it was called.

    Steps of training count where they were sketched and the module was called with gradients; looks without gradients
    count once between two steps.
    """

    name: str  # dotted module path; of a function, "F.dropout (train.py:24)"
    kind: str  # class name, "BatchNorm2d"; "LSTM" or "MultiheadAttention" for the dropout inside; "F.dropout"
    order: int = 0  # place in the first forward pass
    p: float | None = None  # share that is dropped; None: a batch norm
    tracks: bool = False  # keeps running statistics
    momentum: float | None = None  # of those; None also where they are a plain average
    trainable: bool = False  # owns a parameter that requires grad
    values: int | None = None  # over which each channel's batch statistics were mostly taken
    steps: int = 0  # trained in training mode
    trained_until: int | None = None  # the last of them
    eval_steps: int = 0  # since then, in which neither it nor any layer with weights was in training mode
    evaluated: int = 0  # looks without gradients in evaluation mode
    evaluated_in_training: int = 0  # and in training mode
    judged_in_training: int = 0  # those of them on which a loss was computed
    line: str | None = None  # the user's, that calls the function; None: a module
    samples: int | None = None  # that a batch mostly held where `values` were taken


@dataclass(frozen=True)
class Samples:
    """What a model was given, told apart by fingerprints: all of the steps and evaluations that were looked at.

    Kept are the samples whose fingerprint is divisible by `rate`, so the same ones in training and in evaluation.
    Samples with too few different values to be told apart are not counted.
    """

    name: str  # of the model: dotted module path
    shape: tuple[int, ...] = ()  # of one sample
    batch: int = 0  # most samples in one call in training
    steps: int = 0  # of training that were looked at
    trained: int = 0  # samples in them
    evaluated: int = 0  # and in calls without gradients
    rate: int = 1
    kept: tuple[tuple[int, int, int, int, int], ...] = ()  # fingerprint, times trained, first step, second, evaluated
    looks: tuple[tuple[int, int], ...] = ()  # of kept samples in each different batch without gradients: trained on
    # before, never trained on
    whole: bool = False  # all values were whole numbers, so that different samples may be alike by chance
    joined: int = 0  # kept samples that were evaluated before they were trained on, by the same weights
    left: int = 0  # that were trained on, then left out, and evaluated
    alike: float | None = None  # largest share of the places at which two different samples agree; None: not looked at


@dataclass(frozen=True)
class Loader:
    """A DataLoader, by the line of the user's code that goes through it."""

    name: str  # "DataLoader at train.py:20"
    line: str | None = None
    samples: int | None = None  # in its data set; None: a stream, or not known
    batch: int | None = None  # samples that it puts together; None: it does not, or not always as many
    order: str | None = None  # "sequential", "random", "replacement": drawn with it; None: the user's own
    stream: bool = False  # an IterableDataset
    workers: int = 0
    begun: tuple[int, ...] = ()  # steps at which it began anew while gradients were on, the first ones
    firsts: int = 0  # times that its first batch, always the same one, was all that was taken; 0 if ever more was
    begun_evaluating: int = 0  # times that it began while they were off
    sampler: str | None = None  # class name
    weighed: int | None = None  # samples that a WeightedRandomSampler has a weight for: no other can be drawn
    draws: int | None = None  # of it, in one pass


@dataclass(frozen=True)
class Input:
    """What a layer that is fed by data, not by other layers, was given on the sketched steps."""

    name: str  # the layer's
    bad_steps: tuple[int, ...] = ()  # with a value that is NaN or infinite, the first of them
    bad_share: float | None = None  # of the values that are, at such a step; None: not known
    bad_columns: tuple[int, ...] = ()  # features or channels that hold them, the first few by number
    bad_columns_of: tuple[int, int] = (0, 0)  # how many hold them, of how many
    looks: int = 0  # that were compared with the first sample, while none differed
    samples: int = 0  # in the largest of them
    constant: bool = False  # all samples of all looks were equal
    sizes: tuple[float, ...] = ()  # per column: root mean square over the looks; () with too many columns
    largest: tuple[float, ...] = ()  # per column: largest absolute value
    means: tuple[float, ...] = ()


@dataclass(frozen=True)
class Values:
    """What a model was given at up to 64 places of each sample, the same ones in training and in evaluation.

    Of different samples in a few calls, in evaluation of each data set apart; of those without gradients only where none
    of their samples was known to be trained on.
    """

    name: str  # the model's; of evaluation "... in evaluation", of further data sets "... in evaluation 2"
    model: str  # dotted module path
    training: bool = True
    shape: tuple[int, ...] = ()  # of one sample
    rows: int = 0  # samples
    means: tuple[float, ...] = ()  # per place
    stds: tuple[float, ...] = ()
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()
    grid: tuple[float, ...] = ()  # step of which all differences are whole multiples; 0: none was found
    deciles: tuple[tuple[float, ...], ...] = ()  # nine of each place


@dataclass(frozen=True)
class Series:
    """One figure over the steps at which it was seen. Values may be inf or NaN only if the tensor's figure was."""

    steps: tuple[int, ...]
    values: tuple[float, ...]

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def first(self) -> float:
        return self.values[0]

    @property
    def last(self) -> float:
        return self.values[-1]

    def since(self, step: int) -> Series:
        kept = [(s, v) for s, v in zip(self.steps, self.values, strict=True) if s >= step]
        return Series(tuple(s for s, _ in kept), tuple(v for _, v in kept))

    def until(self, step: int) -> Series:
        kept = [(s, v) for s, v in zip(self.steps, self.values, strict=True) if s <= step]
        return Series(tuple(s for s, _ in kept), tuple(v for _, v in kept))

    def first_above(self, limit: float) -> int | None:
        """The first step at which the value exceeds `limit`."""
        return next((s for s, v in zip(self.steps, self.values, strict=True) if v > limit), None)

    def first_below(self, limit: float) -> int | None:
        return next((s for s, v in zip(self.steps, self.values, strict=True) if v < limit), None)


Thing = Layer | Parameter | Loss | Optimizer | Mode | Samples | Loader | Input | Values
THINGS: Mapping[str, type[Thing]] = {
    "layer": Layer,
    "parameter": Parameter,
    "loss": Loss,
    "optimizer": Optimizer,
    "mode": Mode,
    "samples": Samples,
    "loader": Loader,
    "input": Input,
    "values": Values,
}
