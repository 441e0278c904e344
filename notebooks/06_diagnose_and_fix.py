# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6 · Diagnose and fix
#
# This script trains a classifier of digits, and it does not learn. It runs without an error message. Five things are
# wrong.

# %%
import os

import matplotlib.pyplot as plt
import torch
from torch import nn

import headstart as hs

QUICK = "HEADSTART_QUICK" in os.environ
LANGUAGE = "en"
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
plt.rcParams.update({"axes.prop_cycle": plt.cycler(color=COLORS), "axes.grid": True, "grid.alpha": 0.3})

digits = hs.mnist()
images = digits.train_images[:20000].float()
labels = digits.train_labels[:20000].long()

# %% [markdown]
# *Read it as a reviewer would. How many of the five do you find? Write them down before you go on.*


# %%
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(784, 128), nn.Linear(128, 128), nn.Linear(128, 128)])
        self.output = nn.Linear(128, 10)
        for layer in [*self.hidden, self.output]:
            nn.init.normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = x.flatten(1)
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return torch.softmax(self.output(x), dim=1)


def train(net, optimizer, images, steps=60 if QUICK else 200):
    generator = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(steps):
        rows = torch.randint(len(images), (64,), generator=generator)
        loss = nn.functional.cross_entropy(net(images[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


torch.manual_seed(0)
net = Net()
optimizer = torch.optim.SGD(net.output.parameters(), lr=0.05)
losses = train(net, optimizer, images)
print(f"loss {losses[0]:.3f} at the first step, {losses[-1]:.3f} at the last")

# %% [markdown]
# ## Ask headstart
#
# The same run again, inside `with hs.watch(net) as record:`. Nothing else changes, not one bit of the weights.
# `hs.diagnose` then judges the record. *What will be named first: the fault with the largest effect, or the one that
# hides the others?*

# %%
curves = {}


def examine(name, net, optimizer, images):
    with hs.watch(net, optimizer) as record:
        curves[name] = train(net, optimizer, images)
    diagnosis = hs.diagnose(record, language=LANGUAGE)
    print("verdict:", diagnosis.verdict)
    for finding in diagnosis.findings:
        print(f"\n{finding.rule}\n  {finding.message}")
        if finding.explains:
            print("  explains:", ", ".join(consequence.rule for consequence in finding.explains))
        if finding.remedy:
            print("  instead: ", finding.remedy.code.replace("\n", "\n            "))


torch.manual_seed(0)
net = Net()
examine("as it was", net, torch.optim.SGD(net.output.parameters(), lr=0.05), images)

# %% [markdown]
# Four of the five at once, and for the first the very bound: with ten classes the loss cannot fall below 1.46. What
# follows from a fault is listed under it (`explains`), not beside it. The fifth stays hidden: behind this softmax
# nearly every gradient is zero, and a sum of zeros is no sum. So fix the first, and ask again.
#
# ## Fix 1: logits to the loss
#
# *Which findings do you expect now?*


# %%
class Logits(Net):
    def forward(self, x):
        x = x.flatten(1)
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.output(x)


torch.manual_seed(0)
net = Logits()
examine("1 logits", net, torch.optim.SGD(net.output.parameters(), lr=0.05), images)

# %% [markdown]
# Now gradients flow, and the fifth comes to light: they are never cleared. The loss is *worse* than before, by many
# powers of ten. *Was the fix wrong?*
#
# ## Fixes 2 and 3: all parameters, cleared gradients


# %%
def train(net, optimizer, images, steps=60 if QUICK else 200):
    generator = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(steps):
        rows = torch.randint(len(images), (64,), generator=generator)
        loss = nn.functional.cross_entropy(net(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


torch.manual_seed(0)
net = Logits()
examine("2, 3 optimizer, zero_grad", net, torch.optim.SGD(net.parameters(), lr=0.05), images)

# %% [markdown]
# The loop is right now; the start is not. Two causes are left, and what they explain: explosion, dead units, nan.
#
# ## Fix 4: standardised inputs
#
# *Would this alone do? The inputs become 80 times smaller.*

# %%
standardize = hs.Standardize(per="channel").fit(images.unsqueeze(1))
standardized = standardize(images.unsqueeze(1)).squeeze(1)
print(f"mean {standardized.mean():.3f}, std {standardized.std():.3f}")

torch.manual_seed(0)
net = Logits()
examine("4 inputs", net, torch.optim.SGD(net.parameters(), lr=0.05), standardized)

# %% [markdown]
# ## Fix 5: weights that fit
#
# *Weights of std 1 in three layers of fan-in 784, 128, 128: how much too large is the signal at the end?*

# %%
torch.manual_seed(0)
net = Logits()
hs.initialize(net, standardized[:256])
examine("5 weights", net, torch.optim.SGD(net.parameters(), lr=0.05), standardized)

# %% [markdown]
# ## Before and after
#
# *After which repair does the loss fall below that of guessing?*

# %%
figure, axis = plt.subplots(figsize=(7.5, 4))
for name, losses in curves.items():
    axis.semilogy(losses, label=name, linewidth=1.2)
axis.axhline(2.303, color="gray", linestyle=":", label="ln 10: guessing")
axis.set(xlabel="step", ylabel="cross-entropy (nats)", ylim=(0.1, 1e14))
axis.legend(ncol=2)
plt.show()

test = standardize(digits.test_images.float().unsqueeze(1)).squeeze(1)
print("test:", hs.evaluate(net, [(test, digits.test_labels.long())]))

# %% [markdown]
# Only after the last one. With several faults the loss does not reward a right repair, and one who goes
# by the loss alone would have undone the first. That is what a diagnosis by causes is for.
#
# For a script in a file no line has to change: `headstart run train.py`. *Try it: undo one fix at a time, and see
# whether headstart finds what you did. And one that it does not know: `lr=5`?*
