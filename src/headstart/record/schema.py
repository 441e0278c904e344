"""The record's tables, and the names of the figures in them."""

SCHEMA_VERSION = 1
# 1: first version.

SCHEMA = """
CREATE TABLE meta (         -- one row a fact: argv, script, script_text, versions, device, seed, threads, rank
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL     -- JSON
);
CREATE TABLE things (       -- layers, parameters, losses, ...: written when first seen, again when facts change
    kind TEXT NOT NULL,     -- 'layer', 'parameter', 'loss', 'optimizer', 'mode', 'samples', 'loader', 'input', 'values'
    name TEXT NOT NULL,
    facts TEXT NOT NULL,    -- JSON of the dataclass below
    PRIMARY KEY (kind, name)
);
CREATE TABLE streams (      -- a tensor that is sketched; its id is its row in every sketch that follows
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,    -- a layer's or a parameter's name
    tensor TEXT NOT NULL    -- one of TENSORS
);
CREATE TABLE steps (        -- one optimizer.step(), or one update by hand
    step INTEGER PRIMARY KEY,
    time REAL NOT NULL,     -- seconds since the run's first forward pass
    loss REAL,              -- what backward was called on, mean over the step's micro-batches
    lr REAL,                -- of the stepping optimizer's first group
    optimizer TEXT,         -- its name; NULL: by hand
    sketch BLOB             -- float32, streams x FIGURES, NaN where not seen; NULL: step not sketched
);
CREATE TABLE losses (       -- each recognised loss by its own value, on sketched steps and in evaluation
    step INTEGER NOT NULL,
    name TEXT NOT NULL,     -- of the thing
    phase TEXT NOT NULL,    -- 'train', 'eval'
    value REAL,             -- as reduction="mean" would give it
    accuracy REAL           -- share of right answers where the labels are classes
);
CREATE TABLE rare (         -- figures that are taken now and then: dead units, distinct units, cleared gradients
    step INTEGER NOT NULL,
    owner TEXT NOT NULL,    -- '' is the run
    figure TEXT NOT NULL,
    value REAL
);
CREATE TABLE ended (        -- no row: the run was killed, or goes on
    how TEXT NOT NULL,      -- 'exit 0', 'signal 9', 'stopped'
    time REAL NOT NULL      -- seconds since the first forward pass
);
"""

TENSORS = ("activation", "gradient", "input", "weight", "weight_gradient", "update")
FIGURES = ("mean", "std", "max_abs", "zeros", "saturated", "not_finite")
RARE = (
    "activation.dead",  # share of a layer's units that gave zero for every input of the last looks
    "weight.distinct",  # number of units whose incoming weights differ from every other unit's
    "loop.cleared",  # 1 where the gradients of the step before were cleared before this step's backward, else 0
    "norm.batches",  # that a batch norm's running statistics have seen
    "loss.unvaried",  # 1 where a backward's labels were all the same (one GAN role)
    "loss.commonest",  # share of the commonest class among a batch's labels
    "loss.commonest_class",  # and which it is
    "loss.ignored",  # share of a batch's class labels that count for nothing: ignored, or of a class with weight 0
    "loss.answered",  # share of the commonest answer in a batch of 8 or more: the class with the largest output
    "loss.answered_class",  # and which it is
    "loss.spread",  # std of a regression's outputs in a batch of 8 or more, over that of their targets
    "loss.padding",  # share of a batch's labels at an embedding's padding, all of one class that no others have; else 0
    "loss.clipped",  # share of a loss's answers that a clip right before it holds at its ends
    "loss.outer",  # samples of a term of the loss, once, that multiplies the value of each by the weights of all
    "loss.paired",  # samples of a term of the loss, once, that sets the output of each against the target of each
    "loss.sunk",  # mean square of a layer's outputs whose squares the loss subtracts; by the layer's weight
    "loss.overlap",  # coefficient of Dice or Jaccard that is all of the loss; by the last layer's weight
    "loss.unmoved",  # 1 where a term's gradients were cleared before the optimizer of its parameters stepped, 0 where used
    "loss.nat",  # by how much the loss grows where the divergence of each sample's Gaussian is larger by one nat
    "loss.rewarded",  # 1: the loss falls as what its variable calls a reward becomes less likely; -1: it is climbed
    "loss.valued",  # 1: the loss falls as what a critic says does, which was fitted to a reward; -1: as that grows
    "loss.opposed",  # 1, once, where a later backward holds nothing of the kind of these two
    "loss.target_mean",  # of a regression's or a probability's targets in a batch
    "gradient.early",  # of a plain recurrent layer: norm of the gradient at its first step over the largest of any step
    "loop.carried",  # of an update by hand: how much of the one before is in it, beside a multiple of the gradient
    "loop.climbed",  # 1 where an update by hand went along the gradients of its step, 0 where against one of them
    "loop.given",  # 1 where a backward left a gradient that is not zero in the first of an optimizer's tensors, else 0
    "loop.thrown",  # backwards of a step whose gradients were cleared before the last one's came, and used by nothing
    "update.descent",  # of a step: by how much it would lower the loss if that were straight, -g·Δ, told by the samples
    "weight.changed",  # 1 where a parameter differs by a bit from its first value, 0 where it is as it was
    "weight.reached",  # 1 where an nn.Parameter that no optimizer holds has a gradient that is not zero, else 0
    "weight.zero",  # 1 where a frozen weight of two or more dimensions is zero in all of its sample, else 0
    "loop.backwards",  # backwards since the step before
    "loop.cut",  # 1 where a backward's root has no graph behind it, or a small one without a parameter
    "samples.batch",  # fingerprint of all samples that a model was given in a step, in their order
    "loop.norm",  # of the gradients, as clip_grad_norm_ or clip_grad_value_ found them; once for each call
    "loop.largest",  # norm that it lets pass
    "loop.value",  # that clip_grad_value_ lets pass
)
