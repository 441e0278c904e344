# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 4 · 批归一化
#
# 批归一化让每个单元在一个批次上均值为 0、方差为 1，再乘以可学习的 γ、加上可学习的 β。它让训练变得宽容；但它有两副面孔：训练时一副，评估时另一副。

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
# ## 公式
#
# `hs.norm.BatchNorm` 用最普通的张量运算写出了这一层。*一个均值为 3、标准差为 2 的批次，经过它之后会是什么样？*

# %%
batch = 3 + 2 * torch.randn(64, 5, generator=torch.Generator().manual_seed(0))
plain = hs.norm.BatchNorm(5)
with torch.no_grad():
    print("mean", plain(batch).mean(0).numpy().round(3))
    print("std ", plain(batch).std(0, correction=0).numpy().round(3))
    print("same as torch:", torch.allclose(plain(batch), nn.BatchNorm1d(5)(batch), atol=1e-6))

# %% [markdown]
# ## 更大的学习率
#
# 讲义说：有了批归一化，学习率可以大五倍。*对这个四层网络，没有和有批归一化时，边界各在哪里？*

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
# 误差线是各随机种子的最小值和最大值；大于 1000 的损失和 nan 都画在 1000 处。没有批归一化时，能学的最大学习率是 0.3；有了它是 3：十倍，讲义说的是五倍。学习率小的时候，它并没有好处。*把 `net` 里的 `depth=4` 改成 1，倍数变成多少？*

# %% [markdown]
# ## 初始权重的尺度
#
# 训练前把所有权重乘以 s。批归一化会除以标准差。*s 在多少个数量级之内应该无关紧要？有没有极限？*

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
# 输出与 s 无关，梯度却有关：梯度要除以 s，所以尺度为 1000 的权重几乎转不动，尺度为 1/1000 的权重第一步就被甩得很远，之后就变大了。当方差小到与根号里的 ε = 10⁻⁵ 相当时，ε 也开始起作用。「对初始化不敏感」就信号而言是对的，就训练而言只对了一半。

# %% [markdown]
# ## 两副面孔
#
# 一个训练好的网络，1,000 个测试数字，按类别排好：每个批次里只有一种数字。*评估模式下准确率约 90%。如果忘了 `model.eval()` 呢？*

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
# 训练模式下，答案取决于批次里的*其他*图像；五十个 3 放在一起归一化，就不像 3 了。而且每看一次都会改动运行统计量。*把 `split(50)` 改成 `split(500)`，谁会受益？*

# %% [markdown]
# ## 过时的统计量
#
# 评估时用的是滑动平均。`momentum=0.001` 时它几乎跟不上。*权重完全没有问题，评估会得到什么？*

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
# 一个权重也没有改。`hs.norm.recalibrate` 在整个数据集上重新精确地测量了均值和方差。

# %% [markdown]
# ## 折叠
#
# 评估时，批归一化就是固定的缩放和平移。*那么在部署之前，可以怎样处理它？*

# %%
before = stale.eval()(images).detach()
print(hs.norm.fold(stale, images))
print(f"largest difference of the logits: {(stale(images) - before).abs().max():.1e}")

# %% [markdown]
# ## 批次大小
#
# 统计量来自批次。同样的 3,000 个数字过一遍，批次从 2 到 128，学习率按比例缩放；旁边是组归一化，它每次只看一个数字。*批次小到多少时两者分道扬镳？*

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
# 批次只有两个数字时，对每个单元，批归一化只知道两个里哪个更大。组归一化在 128 附近变差另有原因：3,000 个数字在这个批大小下只有 23 步。批次小于八左右时，请转换：`hs.norm.convert(model, to="group")`。更多内容见 [docs/normalization.md](../../docs/normalization.md)。
