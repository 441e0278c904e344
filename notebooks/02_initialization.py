# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2 · Initialisation
#
# Thirty layers multiply thirty matrices. If each makes the signal a little smaller, nothing arrives; if each makes
# it a little larger, everything overflows. Where training starts decides whether it starts.

# %%
import os

import matplotlib.pyplot as plt
import torch
from torch import nn

import headstart as hs

QUICK = "HEADSTART_QUICK" in os.environ
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
plt.rcParams.update({"axes.prop_cycle": plt.cycler(color=COLORS), "axes.grid": True, "grid.alpha": 0.3})

digits = hs.mnist()
train = hs.Batches(digits.train_images, digits.train_labels, 128, shuffle=True)
images, labels = next(iter(train))
images = images.flatten(1)

# %% [markdown]
# ## Weights that are all the same
#
# Eight hidden units start with the same weights, 0.05 everywhere, and are trained for 50 steps.
# *How many different units are there afterwards?*

# %%
net = nn.Sequential(nn.Linear(784, 8), nn.Tanh(), nn.Linear(8, 10))
for parameter in net.parameters():
    nn.init.constant_(parameter, 0.05)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(50):
    loss = nn.functional.cross_entropy(net(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
units = net[0].weight.detach()
print("moved by", f"{(units - 0.05).abs().max():.3f}")
print("different units:", len(units.mul(1e4).round().unique(dim=0)), "of 8")

# %% [markdown]
# One. Equal weights give equal outputs, equal gradients, equal steps. Only chance breaks the symmetry: draw the
# weights at random. *Change `0.05` to `0.0`. Do the weights move at all?* (With tanh at 0 nothing passes in either
# direction.)

# %% [markdown]
# ## How large?
#
# Thirty layers of 256 units with ReLU, weights from N(0, σ²).
# *Three of these four σ fail. Which one keeps the signal's size? (Each output is a sum of 256 terms.)*

# %%
DEPTH, WIDTH = 30, 256


def sizes(activation, std):
    signal = torch.randn(500, WIDTH, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    found = []
    for _ in range(DEPTH):
        before = signal @ (torch.randn(WIDTH, WIDTH, generator=generator) * std)
        found.append(before.std().item())
        signal = activation(before)
    return found


def plot_sizes(curves, title):
    figure, axis = plt.subplots(figsize=(7, 3.6))
    for (label, found), marker in zip(curves.items(), "osv^D", strict=False):
        axis.semilogy(range(1, DEPTH + 1), found, marker=marker, markersize=3, label=label)
    axis.set(xlabel="layer", ylabel="std of pre-activations", title=title)
    axis.legend()


kaiming = (2 / WIDTH) ** 0.5
plot_sizes({f"σ = {std:.3f}": sizes(torch.relu, std) for std in (0.01, 0.05, kaiming, 0.2)}, "ReLU")

# %% [markdown]
# σ² = 2/256: a sum of n products has n times the variance of one, and ReLU throws half of the second moment away.
# This is Kaiming's law. *Change 0.2 to 0.1. It looks harmless: 13 % too large. Where does the signal stand after 30
# layers?*

# %% [markdown]
# ## Laws and their activations
#
# Xavier takes σ² = 1/n, Kaiming 2/n. The textbook says: Xavier for tanh, Kaiming for ReLU. *What happens to each if
# they are swapped, and which of the two swaps is worse?*

# %%
xavier = (1 / WIDTH) ** 0.5
plot_sizes(
    {
        "ReLU, Kaiming": sizes(torch.relu, kaiming),
        "ReLU, Xavier": sizes(torch.relu, xavier),
        "tanh, Xavier": sizes(torch.tanh, xavier),
        "tanh, Kaiming": sizes(torch.tanh, kaiming),
    },
    "Each law with each activation",
)

# %% [markdown]
# ReLU with Xavier halves the second moment in each layer: 2⁻¹⁵ in std after 30. tanh is patient, for it cannot grow
# beyond 1. But a constant size is not everything: the signal has to keep what two inputs have in common. *Look at
# the cosine between the signals of two inputs that start at 0.9:*


# %%
def cosines(activation, std):
    generator = torch.Generator().manual_seed(0)
    a, noise = torch.randn(2, WIDTH, generator=generator)
    signal = torch.stack([a, 0.9 * a + (1 - 0.9**2) ** 0.5 * noise])
    found = []
    for _ in range(DEPTH):
        signal = activation(signal @ (torch.randn(WIDTH, WIDTH, generator=generator) * std))
        found.append(nn.functional.cosine_similarity(signal[0], signal[1], dim=0).item())
    return found


figure, axis = plt.subplots(figsize=(7, 3.6))
for label, activation, std in (
    ("tanh, Xavier", torch.tanh, xavier),
    ("tanh, Kaiming", torch.tanh, kaiming),
    ("tanh, σ = 0.2", torch.tanh, 0.2),
    ("ReLU, Kaiming", torch.relu, kaiming),
):
    axis.plot(range(1, DEPTH + 1), cosines(activation, std), label=label)
axis.set(xlabel="layer", ylabel="cosine of two signals", ylim=(-0.2, 1.4))
axis.legend(ncol=2, loc="upper center")
plt.show()

# %% [markdown]
# Large weights make tanh chaotic: under Kaiming two inputs lose half of what they share, at 0.2 all of it within ten
# layers. ReLU does the opposite, it makes all inputs alike. [docs/initialization.md](../docs/initialization.md)
# measures 50 layers and says where both come from.

# %% [markdown]
# ## Let headstart choose
#
# `hs.plan` reads the model and one batch, and names a law for each weight. It changes nothing; `hs.initialize` draws
# the weights. *Why is the first layer's law another one than the second's?*


# %%
def deep(depth=DEPTH, width=128):
    torch.manual_seed(0)
    layers = [nn.Linear(784, width), nn.ReLU()]
    for _ in range(depth - 2):
        layers += [nn.Linear(width, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 10))


plan = hs.plan(deep(), images)
print("\n".join(str(plan).splitlines()[:5]))

# %% [markdown]
# The input has not been rectified, so nothing has to be made up for. Now train: the same 30-layer network from four
# starts. *Which of them learns?*


# %%
def normal(std):
    def draw(net):
        for parameter in net.parameters():
            nn.init.normal_(parameter, std=std) if parameter.ndim == 2 else nn.init.zeros_(parameter)

    return draw


def losses(start, lr=0.01, steps=40 if QUICK else 250):
    net = deep()
    start(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    train.set_epoch(0)
    found = []
    for _, (x, y) in zip(range(steps), train, strict=False):
        loss = nn.functional.cross_entropy(net(x.flatten(1)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


starts = {
    "N(0, 0.05²)": normal(0.05),
    "N(0, 0.2²)": normal(0.2),
    "PyTorch's default": lambda net: None,
    "hs.initialize": lambda net: hs.initialize(net, images),
}
figure, axis = plt.subplots(figsize=(7, 3.6))
for name, start in starts.items():
    found = losses(start)
    print(f"{name:18} loss {found[0]:9.3g} at the first step, {sum(found[-10:]) / 10:9.3g} at the end")
    axis.plot(found, label=name, linewidth=1)
axis.axhline(2.303, color="gray", linestyle=":", label="ln 10: guessing")
axis.set(xlabel="step", ylabel="cross-entropy (nats)", ylim=(0, 5))
axis.legend()
plt.show()

# %% [markdown]
# Nobody sees an error message: two starts simply sit at ln 10, and one is not a number. *Change `DEPTH` to 5. Does the
# start still matter? At which depth does it begin to?*
