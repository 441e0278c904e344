# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7 · Next steps
#
# Three ideas that came after the lecture's: residual connections, layer norm, and a learning rate that first rises.
# Each is measured here on MNIST, with three seeds, before you believe it.

# %%
import os

import matplotlib.pyplot as plt
import torch
from torch import nn

import headstart as hs

QUICK = "HEADSTART_QUICK" in os.environ
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
plt.rcParams.update({"axes.prop_cycle": plt.cycler(color=COLORS), "axes.grid": True, "grid.alpha": 0.3})
SEEDS = 1 if QUICK else 3

digits = hs.mnist()
train = hs.Batches(digits.train_images[:20000], digits.train_labels[:20000], 128, shuffle=True)
test = hs.Batches(digits.test_images, digits.test_labels, 1000, normalize=train.normalize)
first = train.normalize(train.x[:256])


def spread(axis, x, found, label, marker):
    middle = found.median(1).values
    axis.errorbar(x, middle, (middle - found.amin(1), found.amax(1) - middle), marker=marker, capsize=3, label=label)


# %% [markdown]
# ## Residual connections
#
# A plain layer has to pass everything on; a residual one, x + f(x), only adds. *Eight layers, 20, 56: where does the
# plain network stop to learn, if both have batch norm and sound weights?*


# %%
class Block(nn.Module):
    def __init__(self, width, residual):
        super().__init__()
        self.residual = residual
        self.norm1, self.linear1 = nn.BatchNorm1d(width), nn.Linear(width, width, bias=False)
        self.norm2, self.linear2 = nn.BatchNorm1d(width), nn.Linear(width, width, bias=False)

    def forward(self, x):
        y = self.linear1(torch.relu(self.norm1(x)))
        y = self.linear2(torch.relu(self.norm2(y)))
        return x + y if self.residual else y


def deep(depth, residual, seed, width=32):
    blocks = [Block(width, residual) for _ in range((depth - 2) // 2)]
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(784, width), *blocks, nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, 10)
    )
    hs.initialize(net, first, seed=seed)
    return net


def losses(net, lr, steps, seed):
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    train.set_epoch(seed)
    found = []
    for _, (x, y) in zip(range(steps), train, strict=False):
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


DEPTHS = [8, 20] if QUICK else [8, 20, 56]
figure, axis = plt.subplots(figsize=(7, 3.6))
for residual, marker in ((False, "o"), (True, "s")):
    found = torch.zeros(len(DEPTHS), SEEDS)
    for row, depth in enumerate(DEPTHS):
        for seed in range(SEEDS):
            run = losses(deep(depth, residual, seed), 0.02, 20 if QUICK else 120, seed)
            found[row, seed] = sum(run[-20:]) / 20
    name = "residual" if residual else "plain"
    print(
        f"{name:9}",
        "  ".join(f"depth {d}: {loss:.2f}" for d, loss in zip(DEPTHS, found.median(1).values, strict=True)),
    )
    spread(axis, DEPTHS, found, name, marker)
axis.axhline(2.303, color="gray", linestyle=":", label="ln 10: guessing")
axis.set(
    xlabel="depth (layers with weights)", ylabel="cross-entropy after 120 steps (nats)", xticks=DEPTHS, ylim=(0, 2.6)
)
axis.legend()
plt.show()

# %% [markdown]
# Depth costs the plain network nearly everything; to the residual one it hardly matters. *But does depth help it, on
# MNIST? Compare its points.* Why it works can be seen in one look at the gradient:

# %%
figure, axis = plt.subplots(figsize=(7, 3.4))
for residual, marker in ((False, "o"), (True, "s")):
    net = deep(DEPTHS[-1], residual, seed=0)
    nn.functional.cross_entropy(net(first), train.y[:256].long()).backward()
    norms = [block.linear1.weight.grad.norm().item() for block in net if isinstance(block, Block)]
    axis.semilogy(
        range(1, len(norms) + 1), norms, marker=marker, markersize=4, label="residual" if residual else "plain"
    )
axis.set(xlabel="block (the loss is behind the last)", ylabel="gradient's norm at step 0")
axis.legend()
plt.show()

# %% [markdown]
# Batch norm keeps the plain network's signal in size, but its gradient *grows* on the way back, by a factor a layer
# (Yang et al. 2019, arXiv 1902.08129). *Take the norms out of `Block` and look again. What do sound weights alone do?*

# %% [markdown]
# ## Layer norm
#
# Layer norm normalises over the units of one sample, not over the batch. *What follows for a batch of two?*

# %%
NORMS = ["none", "batch", "layer"]
for size in (2, 128):
    few = 1000 if QUICK else 4000
    data = hs.Batches(
        digits.train_images[:few],
        digits.train_labels[:few],
        size,
        shuffle=True,
        normalize=train.normalize,
        drop_last=True,
    )
    errors = []
    for norm in NORMS:
        torch.manual_seed(0)
        net = hs.models.SimpleNet(width=64, norm=norm)
        hs.fit(net, data, epochs=1, optimizer="sgd", lr=0.05 * size / 128, watch=False, progress=False)
        errors.append(1 - hs.evaluate(net, test).accuracy)
    print(f"batch of {size:3}, test error:", "   ".join(f"{n} {e:.1%}" for n, e in zip(NORMS, errors, strict=True)))

# %% [markdown]
# Layer norm does not notice the batch at all, which is why transformers use it: sequences of different length, small
# batches, the same function in training and evaluation. *Is a norm always better than none here?*

# %% [markdown]
# ## One cycle against a cosine
#
# OneCycle rises to the full rate in 30 % of the steps, and falls to zero after; the cosine only falls.
# *At which of four rates should the slow start pay?*

# %%
SCHEDULES = {"constant": None, "cosine": "cosine", "OneCycle": "onecycle"}
RATES = [0.003, 0.03] if QUICK else [0.001, 0.003, 0.01, 0.03]
data = hs.Batches(digits.train_images[:6000], digits.train_labels[:6000], 128, shuffle=True, normalize=train.normalize)
figure, axis = plt.subplots(figsize=(7, 3.6))
for (name, schedule), marker in zip(SCHEDULES.items(), "os^", strict=True):
    found = torch.zeros(len(RATES), SEEDS)
    for row, lr in enumerate(RATES):
        for seed in range(SEEDS):
            data.seed = seed
            torch.manual_seed(seed)
            net = hs.models.SimpleNet(norm="none")
            data.set_epoch(0)
            hs.fit(net, data, lr=lr, schedule=schedule, epochs=1 if QUICK else 3, watch=False, progress=False)
            found[row, seed] = 100 * (1 - hs.evaluate(net, test).accuracy)
    print(f"{name:9}", "  ".join(f"lr {r}: {e:.1f} %" for r, e in zip(RATES, found.median(1).values, strict=True)))
    spread(axis, RATES, found, name, marker)
axis.set(
    xscale="log",
    xticks=RATES,
    xticklabels=RATES,
    xlabel="full learning rate (AdamW)",
    ylabel="test error (%)",
    ylim=(0, None),
)
axis.minorticks_off()
axis.legend()
plt.show()

# %% [markdown]
# At small rates the slow start only loses time; at 0.01 and 0.03 it pays, and OneCycle's best is the best of all, by
# half a point over the cosine's best. More telling is the width of its valley: at ten times the usual rate it still
# trains well. *Give everybody 10 epochs instead of 3. What is left of the difference?*

# %% [markdown]
# ## Where to read on
#
# | subject | read |
# |---|---|
# | initialisation | Glorot and Bengio 2010; He et al. 2015, [arXiv 1502.01852](https://arxiv.org/abs/1502.01852); [docs/initialization.md](../docs/initialization.md) |
# | inputs | LeCun et al. 1998, "Efficient BackProp"; [docs/preprocessing.md](../docs/preprocessing.md) |
# | batch norm | Ioffe and Szegedy 2015, [arXiv 1502.03167](https://arxiv.org/abs/1502.03167); doubts about *why* it works: Santurkar et al. 2018, [arXiv 1805.11604](https://arxiv.org/abs/1805.11604); [docs/normalization.md](../docs/normalization.md) |
# | other norms | layer: Ba et al. 2016, [arXiv 1607.06450](https://arxiv.org/abs/1607.06450); group: Wu and He 2018, [arXiv 1803.08494](https://arxiv.org/abs/1803.08494) |
# | residual networks | He et al. 2016, [arXiv 1512.03385](https://arxiv.org/abs/1512.03385) and [1603.05027](https://arxiv.org/abs/1603.05027) |
# | schedules | Smith and Topin 2018, [arXiv 1708.07120](https://arxiv.org/abs/1708.07120); Loshchilov and Hutter 2017, [arXiv 1608.03983](https://arxiv.org/abs/1608.03983) |
# | weight decay | Loshchilov and Hutter 2019, [arXiv 1711.05101](https://arxiv.org/abs/1711.05101) |
# | faults by name | `headstart explain`, a page for each rule |
#
# *The best next step: take a script of your own that did not learn, and run* `headstart run your_script.py`. *What
# did you expect, and what did it say?*
