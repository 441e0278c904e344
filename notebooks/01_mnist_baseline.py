# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1 · MNIST: a sound baseline
#
# A 784-256-10 network with batch norm and ReLU, Kaiming weights, standardised inputs, AdamW and a cosine schedule,
# watched while it trains. Every later notebook takes one of these choices away and looks at what happens.

# %% [markdown]
# ## Data
#
# 60,000 digits for training, the last 5,000 of them held out. The mean and standard deviation come from the training
# images alone. *Why not from all images?*

# %%
import matplotlib.pyplot as plt
import torch

import headstart as hs

digits = hs.mnist()
train = hs.Batches(
    digits.train_images[:-5000], digits.train_labels[:-5000], 128, shuffle=True, seed=0, normalize="all"
)
valid = hs.Batches(digits.train_images[-5000:], digits.train_labels[-5000:], 1000, normalize=train.normalize)
test = hs.Batches(digits.test_images, digits.test_labels, 1000, normalize=train.normalize)
print(train.normalize)

figure, axes = plt.subplots(1, 8, figsize=(10, 1.5))
for axis, image, label in zip(axes, digits.train_images[:8], digits.train_labels[:8], strict=True):
    axis.imshow(image, cmap="gray")
    axis.set(title=int(label), xticks=[], yticks=[])

# %% [markdown]
# Test images stand for digits that nobody has seen yet. If they had a say in the mean, the test would flatter us.

# %% [markdown]
# ## Weights
#
# The plan names a law for each weight, and why. It changes nothing.
# *Before you run it: by which factor should the first layer's weights differ from the last one's?*

# %%
torch.manual_seed(0)
model = hs.models.SimpleNet()
batch, labels = next(iter(train))
print(hs.plan(model, batch))

# %% [markdown]
# ## Training
#
# Two epochs, under watch: the record keeps a sketch of every layer at every step.
# *How many of 10,000 test digits will it get wrong? A guess costs nothing.*

# %%
history = hs.fit(model, train, valid, epochs=2, progress=False)
print(hs.evaluate(model, test))

# %% [markdown]
# Change `epochs` to 5. Does the accuracy go on rising?

# %% [markdown]
# ## Diagnosis
#
# The record, judged. Skill is 1 − loss / (loss of the best constant answer). *What skill has a network that always
# answers with the frequencies of the ten classes?*

# %%
diagnosis = hs.diagnose(hs.read_record(history.record))
print(f"{diagnosis.verdict}, skill {diagnosis.skill.value:.2f}")

# %% [markdown]
# ## On purpose: all weights zero
#
# Without normalisation and from zero, every hidden unit is a copy of the others. *Can training tell them apart?*

# %%
LANGUAGE = "en"
torch.manual_seed(0)
broken = hs.models.SimpleNet(norm="none", init="zero")
history = hs.fit(broken, train, valid, epochs=1, progress=False)
for finding in hs.diagnose(hs.read_record(history.record), language=LANGUAGE).findings:
    print(finding.rule, "|", finding.message)

# %% [markdown]
# No. [Notebook 2](02_initialization.ipynb) shows why, and what to do instead.
