# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5 · Activations
#
# An activation decides what passes: forward as f(z), backward as f′(z). Two curves and two integrals tell most of what
# will happen in a deep network.

# %%
import os

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

import headstart as hs

QUICK = "HEADSTART_QUICK" in os.environ
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
plt.rcParams.update({"axes.prop_cycle": plt.cycler(color=COLORS), "axes.grid": True, "grid.alpha": 0.3})

ACTIVATIONS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "ReLU": F.relu,
    "LeakyReLU": F.leaky_relu,
    "ELU": F.elu,
    "Swish": F.silu,
    "GELU": F.gelu,
}
digits = hs.mnist()
train = hs.Batches(digits.train_images, digits.train_labels, 128, shuffle=True)
images, labels = next(iter(train))
images = images.flatten(1)

# %% [markdown]
# ## Curves and derivatives
#
# *Which derivative is never above 1/4? Which is exactly 0 on half of the line? Which goes below 0 or above 1?*

# %%
z = torch.linspace(-4, 4, 401, requires_grad=True)
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8))
for (name, f), style in zip(ACTIVATIONS.items(), ["-", "-", "-", "--", "--", "-", ":"], strict=True):
    value = f(z)
    (slope,) = torch.autograd.grad(value.sum(), z)
    left.plot(z.detach(), value.detach(), style, label=name)
    right.plot(z.detach(), slope, style, label=name)
left.set(xlabel="z", ylabel="f(z)", ylim=(-1.2, 4))
right.set(xlabel="z", ylabel="f′(z)")
left.legend()
plt.show()

# %% [markdown]
# ## The gain
#
# Weights with variance gain²/n keep the signal at size 1 if gain² = 1/E[f(z)²], z ~ N(0, 1). `hs.gain` finds the
# integral by quadrature, for your own function as well. *ReLU passes half of the second moment. What is its gain?*

# %%
sample = torch.randn(1_000_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
mine = {"mine: z·exp(−z²)": lambda z: z * torch.exp(-z * z)}
print(f"{'':18}quadrature  1,000,000 random z  backward")
for name, f in (ACTIVATIONS | mine).items():
    drawn = f(sample).square().mean().rsqrt()
    print(f"{name:18}{hs.gain(f):10.4f}  {drawn:18.4f}  {hs.gain(f, backward=True):8.4f}")

# %% [markdown]
# The second column agrees to three digits, a million numbers for what 200 points give exactly. *Put a function of
# your own in `mine`.* The backward gain of the sigmoid is 4.7: without it each layer takes 95 % of the gradient's
# second moment.

# %% [markdown]
# ## The gradient by depth
#
# Thirty layers with weights of N(0, gain²/n), so the signal forward is sound for every activation.
# *Is the gradient then sound, too?*

# %%
DEPTH, WIDTH = 30, 128


def gradients(f):
    torch.manual_seed(0)
    signal = torch.randn(256, WIDTH)
    signals = []
    for _ in range(DEPTH):
        signal = signal @ (torch.randn(WIDTH, WIDTH) * hs.gain(f) / WIDTH**0.5)
        signal.requires_grad_().retain_grad()
        signals.append(signal)
        signal = f(signal)
    (signal * torch.randn_like(signal)).sum().backward()
    return [s.grad.std().item() for s in signals]


figure, axis = plt.subplots(figsize=(7, 3.8))
for (name, f), marker in zip(ACTIVATIONS.items(), "osv^D<>", strict=True):
    axis.semilogy(range(1, DEPTH + 1), gradients(f), marker=marker, markersize=3, label=name)
axis.set(xlabel="layer (the loss is behind 30)", ylabel="std of the gradient")
axis.legend(ncol=2)
plt.show()

# %% [markdown]
# The sigmoid loses most of the gradient on the way to layer 1, and no scale of the weights can help both directions:
# its forward gain is 1.85, its backward gain 4.7. For ReLU both are √2. That is why deep networks left the sigmoid.
# *Change `hs.gain(f)` to `hs.gain(f, backward=True)`. Which activations can live with it?*

# %% [markdown]
# ## Dead units
#
# A ReLU unit that gives 0 for every input has no gradient of its own; only the layers before it could bring it back.
# Large steps kill. *100 steps at six learning rates: from which rate on do units die?*

# %%
STEPS = 30 if QUICK else 100
RATES = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
probe = train.normalize(digits.test_images[:2000]).flatten(1)


def fit(net, lr, steps=STEPS):
    optimizer = torch.optim.Adam(net.parameters(), lr=lr)
    train.set_epoch(0)
    found = []
    for _, (x, y) in zip(range(steps), train, strict=False):
        loss = F.cross_entropy(net(x.flatten(1)), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def two_layers(activation, seed=0):
    net = nn.Sequential(nn.Linear(784, 128), activation(), nn.Linear(128, 128), activation(), nn.Linear(128, 10))
    return hs.initialize(net, images, seed=seed) and net


def dead(net):
    with torch.no_grad():
        return ((net[:3](probe) <= 0).all(0).float().mean() * 100).item()


figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
for activation, marker in ((nn.ReLU, "o"), (nn.LeakyReLU, "s")):
    shares, losses = [], []
    for lr in RATES:
        net = two_layers(activation)
        losses.append(sum(fit(net, lr)[-10:]) / 10)
        shares.append(dead(net))
    left.plot(RATES, shares, marker=marker, label=activation.__name__)
    right.plot(RATES, losses, marker=marker, label=activation.__name__)
left.set(xscale="log", xlabel="learning rate (Adam)", ylabel="units with z ≤ 0 everywhere (%)")
right.set(xscale="log", yscale="log", xlabel="learning rate (Adam)", ylabel="cross-entropy (nats)")
left.legend()
figure.tight_layout()
plt.show()

# %% [markdown]
# "z ≤ 0 for all of 2,000 digits" (here of the second layer) is death for ReLU; for LeakyReLU it is only sleep, as its
# slope is 0.01 there. LeakyReLU does not stop the *cause*, too large steps; it bears a rate three times as large here.
# *The share falls again at 0.3. Is that good news?*
#
# ## Revival
#
# Kill a network with a rate of 0.1, then go on at 0.001 with some slope in place of ReLU's 0.
# *Do the dead come back? And is the network well again?*

# %%
for slope in (0.0, 0.01):
    net = two_layers(nn.ReLU)
    fit(net, 0.1)
    killed = dead(net)
    net[1], net[3] = nn.LeakyReLU(slope), nn.LeakyReLU(slope)
    after = fit(net, 0.001, steps=60 if QUICK else 300)
    print(f"slope {slope:4}: {killed:3.0f} % dead, later {dead(net):3.0f} %, loss {sum(after[-10:]) / 10:.2f}")
fresh = fit(two_layers(nn.ReLU), 0.001, steps=60 if QUICK else 300)
print(f"a fresh start with ReLU at 0.001: loss {sum(fresh[-10:]) / 10:.2f}")

# %% [markdown]
# Slope 0 is ReLU: no gradient, nothing moves. With 0.01 most units come back, but the loss is still above guessing
# (2.30): the steps that killed have also thrown the weights far away. Reviving is not healing; a fresh start at a
# smaller rate is cheaper. *Change `0.01` to `0.1` and to `1.0`. What would a slope of 1 make of the network?*

# %% [markdown]
# ## Training, eight layers deep
#
# Each activation with weights that `hs.initialize` fits to it. *Who is last?*

# %%
MODULES = [nn.Sigmoid, nn.Tanh, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SiLU, nn.GELU]
figure, axis = plt.subplots(figsize=(7, 3.8))
for module, style in zip(MODULES, ["-", "-", "-", "--", "--", "-", ":"], strict=True):
    layers = [nn.Linear(784, 64), module()]
    for _ in range(6):
        layers += [nn.Linear(64, 64), module()]
    net = nn.Sequential(*layers, nn.Linear(64, 10))
    hs.initialize(net, images, seed=0)
    found = torch.tensor(fit(net, 0.001, steps=40 if QUICK else 300))
    smooth = found.unfold(0, 20, 1).mean(1)
    print(f"{module.__name__:10} loss {smooth[-1]:.3f}")
    axis.semilogy(range(20, len(found) + 1), smooth, style, label=module.__name__)
axis.set(xlabel="step", ylabel="cross-entropy (nats), 20 steps' mean", ylim=(0.15, 8))
axis.legend(ncol=2)
plt.show()

# %% [markdown]
# The sigmoid comes last; among the others the order changes with the seed. Start with ReLU; if units die at a rate
# that you need, take LeakyReLU; smooth ones (Swish, GELU) are worth a try, not a faith. *Change `seed=0` and
# compare.*
