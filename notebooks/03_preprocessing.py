# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3 · Preprocessing
#
# A loss surface is shaped by the data. Long narrow valleys come from inputs whose columns differ in scale, have a
# mean, or vary together; all three can be taken out before training.

# %%
import os
import time

import matplotlib.pyplot as plt
import torch
from torch import nn

import headstart as hs

QUICK = "HEADSTART_QUICK" in os.environ
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
plt.rcParams.update({"axes.prop_cycle": plt.cycler(color=COLORS), "axes.grid": True, "grid.alpha": 0.3})

digits = hs.mnist()

# %% [markdown]
# ## Two features of unequal scale
#
# A straight line through points, y = w₁x₁ + w₂x₂, by gradient descent. The second feature is measured in a unit five
# times smaller, so its numbers are five times larger. *The ellipses below are lines of equal loss. Which way will
# the path go?*

# %%
SCALE = 5.0
generator = torch.Generator().manual_seed(0)
x = torch.randn(200, 2, generator=generator) * torch.tensor([1.0, SCALE])
y = x @ torch.tensor([1.0, 1.0 / SCALE]) + 0.1 * torch.randn(200, generator=generator)


def descend(x, y, steps=30):
    curvature = x.T @ x / len(x)
    rate = 1.7 / torch.linalg.eigvalsh(curvature)[-1]
    path = [torch.zeros(2)]
    for _ in range(steps):
        path.append(path[-1] - rate * x.T @ (x @ path[-1] - y) / len(x))
    return torch.stack(path), torch.linalg.cond(curvature).item()


standardize = hs.Standardize(per="feature").fit(x)
figure, axes = plt.subplots(1, 2, figsize=(9, 3.8))
for axis, data, name in zip(axes, (x, standardize(x)), ("as measured", "standardised"), strict=True):
    path, condition = descend(data, y)
    best = torch.linalg.lstsq(data, y[:, None]).solution[:, 0]
    w1, w2 = (torch.linspace(float(b) - 1.2, float(b) + 1.2, 80) for b in best)
    grid = torch.cartesian_prod(w1, w2)
    loss = (grid @ data.T - y).square().mean(1).reshape(80, 80).T
    axis.contour(w1, w2, loss.sqrt(), levels=12, colors="gray", linewidths=0.7)
    axis.plot(*path.T, "o-", markersize=3)
    axis.plot(*best, "*", markersize=12, color=COLORS[1])
    axis.set(xlabel="w₁", ylabel="w₂", title=f"{name}: condition number {condition:.1f}", aspect="equal")
figure.tight_layout()
plt.show()

# %% [markdown]
# The step is limited by the steepest direction, so the flat one is crossed in tiny steps. The condition number, the
# largest curvature over the smallest, is about SCALE². *Change `SCALE` to 20: how many steps would it take now?*

# %% [markdown]
# ## Digits: 0..255, 0..1 or standardised?
#
# The same network on three versions of the same digits, each with six learning rates. *Which version learns fastest
# at its own best rate? Which one leaves the widest choice of rates?*

# %%
RATES = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]
VERSIONS = {"0..255": None, "0..1": (0.0, 255.0), "standardised": "all"}


def final_loss(normalize, lr, steps=30 if QUICK else 150):
    data = hs.Batches(digits.train_images, digits.train_labels, 128, shuffle=True, normalize=normalize)
    torch.manual_seed(0)
    net = hs.models.SimpleNet(width=64, norm="none")
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    found = []
    for _, (x, y) in zip(range(steps), data, strict=False):
        loss = nn.functional.cross_entropy(net(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return sum(found[-20:]) / 20


figure, axis = plt.subplots(figsize=(7, 3.6))
for (name, normalize), marker in zip(VERSIONS.items(), "os^", strict=True):
    found = [final_loss(normalize, lr) for lr in RATES]
    print(f"{name:13}", "  ".join(f"{loss:7.3g}" for loss in found))
    axis.loglog(RATES, found, marker=marker, label=name)
axis.axhline(2.303, color="gray", linestyle=":", label="ln 10: guessing")
axis.set(xlabel="learning rate", ylabel="cross-entropy (nats)", ylim=(0.1, 300))
axis.legend()
plt.show()

# %% [markdown]
# Bytes as they are learn badly at any rate. Between 0..1 and standardised the answer depends on the question: at the
# *same* usual rate (0.01, 0.1) standardised is far ahead, but with each at its *own* best rate, ten times larger for
# 0..1, there is hardly a difference here. So "standardised inputs learn faster" is half true; "usual rates are right
# for them" is true. *Change `width=64` to 256, or `steps` to 400. Does the answer stay?*

# %% [markdown]
# ## Whitening: round contours
#
# A linear model's curvature is XᵀX/n. Standardising equalises its diagonal; whitening makes all of it the identity.
# *MNIST has 784 pixels. By how much do its most and least varying directions differ? Guess the power of ten.*

# %%
pixels = digits.train_images[:5000].flatten(1).float() / 255
inputs = {
    "0..1": pixels,
    "standardised": hs.Standardize(per="feature").fit(pixels)(pixels),
    "whitened, 50 components": hs.Whiten("pca", components=50).fit(pixels)(pixels),
}
figure, axis = plt.subplots(figsize=(7, 3.6))
for name, data in inputs.items():
    spectrum = torch.linalg.eigvalsh(hs.measure(data, per="feature", covariance=True).covariance).flip(0)[:50]
    print(f"{name:24} condition number of the 50 largest: {float(spectrum[0] / spectrum[-1]):8.2f}")
    axis.semilogy(range(1, 51), spectrum, label=name)
axis.set(xlabel="direction, by falling variance", ylabel="variance")
axis.legend()
plt.show()

# %% [markdown]
# Standardising each pixel halves the condition number and no more: it cannot see that neighbouring pixels vary
# together. *Then who will be fastest in plain gradient descent, each with the step 1/L that its own curvature L
# allows?*

# %%
labels = digits.train_labels[:5000].long()
test_pixels = digits.test_images.flatten(1).float() / 255
test_inputs = {
    "0..1": test_pixels,
    "standardised": hs.Standardize(per="feature").fit(pixels)(test_pixels),
    "whitened, 50 components": hs.Whiten("pca", components=50).fit(pixels)(test_pixels),
    "whitened, all": hs.Whiten("pca").fit(pixels)(test_pixels),
}
inputs["whitened, all"] = hs.Whiten("pca").fit(pixels)(pixels)

figure, axis = plt.subplots(figsize=(7, 3.6))
for name, data in inputs.items():
    model = nn.Linear(data.shape[1], 10)
    nn.init.zeros_(model.weight)
    curvature = torch.linalg.eigvalsh(data.T @ data / len(data))[-1] / 2
    optimizer = torch.optim.SGD(model.parameters(), lr=float(1 / curvature))
    found = []
    for _ in range(20 if QUICK else 100):
        loss = nn.functional.cross_entropy(model(data), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    with torch.no_grad():
        error = (model(test_inputs[name]).argmax(1) != digits.test_labels).float().mean()
    print(f"{name:24} loss {found[-1]:.3f}   test error {error:.1%}")
    axis.semilogy(found, label=name)
axis.set(xlabel="step of full-batch gradient descent", ylabel="cross-entropy (nats)", ylim=(0.05, 12))
axis.legend(ncol=2)
plt.show()

# %% [markdown]
# Whitened, training is fastest, and with all directions the *test* error is the worst: directions that hardly vary
# are mostly noise, and whitening makes them as loud as the rest. So keep the strongest, or add a ridge:
# `hs.Whiten("zca", eps=0.01)`. *Change `components=50` to 20 and 200. Which is best on the test set, and may you
# choose it there?*

# %% [markdown]
# ## What it looks like, and what it costs
#
# ZCA whitening gives the picture that is closest to the original. *What will be left of a digit?*

# %%
pictures = digits.train_images[:5000].unsqueeze(1)
rows = {
    "pixels": pictures[:8] / 255,
    "ZCA, ε = 0.1": hs.Whiten("zca", eps=0.1).fit(pictures)(pictures[:8]),
    "ZCA, ε = 0.001": hs.Whiten("zca", eps=0.001).fit(pictures)(pictures[:8]),
}
figure, axes = plt.subplots(3, 8, figsize=(9, 3.6))
for line, (name, images) in zip(axes, rows.items(), strict=True):
    for axis, image in zip(line, images, strict=True):
        axis.imshow(image[0], cmap="gray")
        axis.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()

# %% [markdown]
# Edges. The price is an eigendecomposition of a d × d matrix. *If 512 columns take so long, how long do 1024?*

# %%
sizes = [128, 256, 512] if QUICK else [128, 256, 512, 1024]
seconds = []
for size in sizes:
    matrix = torch.randn(size, 2 * size, dtype=torch.float64)
    matrix = matrix @ matrix.T
    runs = []
    for _ in range(3):
        start = time.perf_counter()
        torch.linalg.eigh(matrix)
        runs.append(time.perf_counter() - start)
    seconds.append(min(runs))

figure, axis = plt.subplots(figsize=(6, 3.4))
axis.loglog(sizes, seconds, "o-", label="measured, best of 3")
axis.loglog(sizes, [seconds[-1] * (size / sizes[-1]) ** 3 for size in sizes], ":", color="gray", label="∝ d³")
axis.set(xlabel="columns d", ylabel="seconds", xticks=sizes, xticklabels=sizes)
axis.minorticks_off()
axis.legend()
plt.show()

# %% [markdown]
# Eight times as long, for twice the columns: a colour photo of 224 × 224 has 150,528. Whiten patches
# (`hs.PatchWhiten`) or channels there. More: [docs/preprocessing.md](../docs/preprocessing.md).
#
# *And one question on method: why must the transform be fitted before the test images are seen, as above?*
