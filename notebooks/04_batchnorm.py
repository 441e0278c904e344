# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4 · Batch norm
#
# Batch norm gives each unit mean 0 and variance 1 over the batch, then a scale γ and a shift β that are learned. It
# makes training forgiving, and it has two faces: one in training, one in evaluation.

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
small = hs.Batches(digits.train_images[:6000], digits.train_labels[:6000], 128, shuffle=True, drop_last=True)
test = hs.Batches(digits.test_images, digits.test_labels, 1000, normalize=small.normalize)


def net(norm, depth=4, width=64):
    layers, inputs = [nn.Flatten()], 784
    for _ in range(depth):
        layers += [nn.Linear(inputs, width), nn.BatchNorm1d(width) if norm else nn.Identity(), nn.ReLU()]
        inputs = width
    model = nn.Sequential(*layers, nn.Linear(width, 10))
    hs.initialize(model, small.normalize(small.x[:256]), seed=torch.initial_seed())
    return model


def trained(model, data, lr, epochs=1):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    model.train()
    found = []
    for epoch in range(epochs):
        data.set_epoch(epoch)
        for x, y in data:
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(loss.item())
    return sum(found[-10:]) / 10


# %% [markdown]
# ## The formula
#
# `hs.norm.BatchNorm` is the layer in plain tensor arithmetic. *A batch with mean 3 and std 2: what do you expect
# after it?*

# %%
batch = 3 + 2 * torch.randn(64, 5, generator=torch.Generator().manual_seed(0))
plain = hs.norm.BatchNorm(5)
with torch.no_grad():
    print("mean", plain(batch).mean(0).numpy().round(3))
    print("std ", plain(batch).std(0, correction=0).numpy().round(3))
    print("same as torch:", torch.allclose(plain(batch), nn.BatchNorm1d(5)(batch), atol=1e-6))

# %% [markdown]
# ## A larger learning rate
#
# The lecture says: batch norm allows five times the learning rate. *Where is the edge for this 4-layer network,
# without and with?*

# %%
RATES = [0.03, 0.3, 3, 30] if QUICK else [0.03, 0.1, 0.3, 1, 3, 10, 30]


def sweep(values, train_one):
    found = torch.zeros(len(values), SEEDS)
    for row, value in enumerate(values):
        for seed in range(SEEDS):
            torch.manual_seed(seed)
            found[row, seed] = min(torch.tensor(train_one(value)).nan_to_num(1e3), torch.tensor(1e3))
    return found


def plot(axis, values, found, label, marker):
    middle = found.median(1).values
    axis.errorbar(
        values, middle, (middle - found.amin(1), found.amax(1) - middle), marker=marker, capsize=3, label=label
    )


figure, axis = plt.subplots(figsize=(7, 3.6))
for norm, marker in ((False, "o"), (True, "s")):
    found = sweep(RATES, lambda lr, norm=norm: trained(net(norm), small, lr))
    learns = [rate for rate, losses in zip(RATES, found, strict=True) if losses.median() < 1]
    label = "with batch norm" if norm else "without"
    print(f"{label:16} best loss {found.median(1).values.min():.2f}, below 1 at the rates {learns}")
    plot(axis, RATES, found, label, marker)
axis.axhline(2.303, color="gray", linestyle=":", label="ln 10: guessing")
axis.set(xscale="log", yscale="log", ylim=(0.05, 3e3), xlabel="learning rate", ylabel="cross-entropy (nats)")
axis.legend()
plt.show()

# %% [markdown]
# Bars span the smallest and largest of the seeds; losses above 1000 and nan are drawn at 1000. Without batch norm
# 0.3 is the last rate that learns, with it 3: ten times, where the lecture says five. At a small rate it gains
# nothing. *Change `depth=4` to 1 in `net`. What is the factor now?*

# %% [markdown]
# ## Initial scale
#
# All weights are multiplied by s before training. Batch norm divides by the standard deviation. *Over how many
# powers of ten should s not matter? Is there any limit?*

# %%
SCALES = [1e-3, 1, 1e3] if QUICK else [1e-3, 1e-2, 1e-1, 1, 10, 100, 1000]


def scaled(norm, scale):
    model = net(norm)
    with torch.no_grad():
        for layer in model[:-1]:
            if isinstance(layer, nn.Linear):
                layer.weight *= scale
    return trained(model, small, 0.1)


figure, axis = plt.subplots(figsize=(7, 3.6))
for norm, marker in ((False, "o"), (True, "s")):
    plot(
        axis,
        SCALES,
        sweep(SCALES, lambda s, norm=norm: scaled(norm, s)),
        "with batch norm" if norm else "without",
        marker,
    )
axis.axhline(2.303, color="gray", linestyle=":", label="ln 10: guessing")
axis.set(xscale="log", yscale="log", xlabel="scale s of the hidden weights", ylabel="cross-entropy (nats)")
axis.legend()
plt.show()

# %% [markdown]
# The output does not depend on s, but the gradient does: it is divided by s, so weights of scale 1000 hardly turn,
# and weights of scale 1/1000 are thrown far with the first step, after which they are larger (which does them no
# harm here). And ε = 10⁻⁵ in the root begins to count where the variance is as small as that. "Insensitive" is right
# for the signal, and half right for training.

# %% [markdown]
# ## Two faces
#
# A trained network, 1,000 test digits, sorted by class: each batch holds one kind of digit. *Accuracy in evaluation
# mode is about 90 %. And if somebody forgets `model.eval()`?*

# %%
torch.manual_seed(0)
model = net(norm=True)
trained(model, small, 0.1, epochs=1 if QUICK else 4)
images = small.normalize(digits.test_images[:1000])
truth = digits.test_labels[:1000]


def accuracy(sort):
    order = truth.argsort() if sort else torch.arange(1000)
    with torch.no_grad():
        answers = torch.cat([model(part).argmax(1) for part in images[order].split(50)])
    return (answers == truth[order]).float().mean().item()


model.eval()
print(f"eval mode,  any order {accuracy(sort=False):.1%}   sorted {accuracy(sort=True):.1%}")
model.train()
print(f"train mode, any order {accuracy(sort=False):.1%}   sorted {accuracy(sort=True):.1%}")

# %% [markdown]
# In training mode an answer depends on the *other* images of the batch; fifty threes are normalised until they no
# longer look like threes. And each look has changed the running statistics. *Change `split(50)` to `split(500)`: who
# profits?*

# %% [markdown]
# ## Stale statistics
#
# Evaluation uses running averages. With `momentum=0.001` they hardly follow. *What will evaluation give, with weights
# that are perfectly good?*

# %%
torch.manual_seed(0)
stale = net(norm=True)
for layer in stale:
    if isinstance(layer, nn.BatchNorm1d):
        layer.momentum = 0.001
print(f"loss in training mode {trained(stale, small, 0.1, epochs=1 if QUICK else 4):.3f}")
print("evaluated      ", hs.evaluate(stale, test))
hs.norm.recalibrate(stale, [x for x, y in small])
print("recalibrated   ", hs.evaluate(stale, test))

# %% [markdown]
# Not one weight was changed. `hs.norm.recalibrate` measures mean and variance again over the whole set, exactly.

# %% [markdown]
# ## Folding
#
# In evaluation batch norm is a fixed scale and shift. *So what could be done with it, before the network is shipped?*

# %%
before = stale.eval()(images).detach()
print(hs.norm.fold(stale, images))
print(f"largest difference of the logits: {(stale(images) - before).abs().max():.1e}")

# %% [markdown]
# ## Batch size
#
# The statistics come from the batch. The same 3,000 digits once, in batches of 2 to 128, the learning rate in
# proportion; beside it group norm, which looks at one digit at a time. *At which batch size do they part?*

# %%
SIZES = [2, 32] if QUICK else [2, 4, 8, 32, 128]


def error(size, to):
    few = 1024 if QUICK else 3000
    data = hs.Batches(
        digits.train_images[:few],
        digits.train_labels[:few],
        size,
        shuffle=True,
        normalize=small.normalize,
        drop_last=True,
    )
    model = net(norm=True, depth=2)
    if to:
        hs.norm.convert(model, to=to)
    trained(model, data, lr=0.4 * size / 128)
    return 100 * (1 - hs.evaluate(model, test).accuracy)


figure, axis = plt.subplots(figsize=(7, 3.6))
for to, marker in ((None, "s"), ("group", "o")):
    plot(axis, SIZES, sweep(SIZES, lambda size, to=to: error(size, to)), "group norm" if to else "batch norm", marker)
axis.set(xscale="log", xticks=SIZES, xticklabels=SIZES, xlabel="batch size", ylabel="test error (%)", ylim=(0, None))
axis.minorticks_off()
axis.legend()
plt.show()

# %% [markdown]
# With two digits a batch norm knows of each unit only which of the two was larger. That group norm gets worse towards
# 128 has another reason: 3,000 digits make only 23 steps of that size. Below about eight, convert:
# `hs.norm.convert(model, to="group")`. More: [docs/normalization.md](../docs/normalization.md).
