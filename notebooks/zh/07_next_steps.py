# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7 · 接下来
#
# 讲义之后的三个想法：残差连接、层归一化、先升后降的学习率。相信它们之前，先在 MNIST 上用三个随机种子各测一遍。

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
# ## 残差连接
#
# 普通的层必须把一切都传下去；残差层 x + f(x) 只需要添一点。*8 层、20 层、56 层：两者都有批归一化和合适的权重，普通网络到哪里就学不动了？*


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
# 深度几乎让普通网络付出一切代价，对残差网络却几乎无所谓。*可是在 MNIST 上，深度对它有好处吗？比较它自己的几个点。* 原因看一眼梯度就明白：

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
# 批归一化让普通网络的信号大小保持不变，但它的梯度在往回传的路上逐层*变大*(Yang et al. 2019, arXiv 1902.08129)。*把 `Block` 里的归一化去掉再看一次：只靠合适的权重会怎样？*

# %% [markdown]
# ## 层归一化
#
# 层归一化在一个样本的各个单元上归一化，而不是在批次上。*对只有两个样本的批次，这意味着什么？*

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
# 层归一化根本不在意批次，这正是 Transformer 用它的原因：序列长短不一，批次很小，训练和评估是同一个函数。*在这里，有归一化总比没有好吗？*

# %% [markdown]
# ## OneCycle 与余弦
#
# OneCycle 用 30% 的步数升到最大学习率，然后降到零；余弦只降不升。*四种学习率里，慢启动在哪一种上最划算？*

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
# 学习率小时，慢启动只是浪费时间；在 0.01 和 0.03 时它划算，OneCycle 的最好成绩也是全场最好，比余弦的最好成绩低半个百分点。更能说明问题的是它的谷有多宽：学习率大到平常的十倍，它依然训练得好。
# *让每种计划都训练 10 轮而不是 3 轮，差别还剩多少？*

# %% [markdown]
# ## 接下来读什么
#
# | 主题 | 读 |
# |---|---|
# | 初始化 | Glorot and Bengio 2010；He et al. 2015, [arXiv 1502.01852](https://arxiv.org/abs/1502.01852)；[docs/initialization.md](../../docs/initialization.md) |
# | 输入 | LeCun et al. 1998, "Efficient BackProp"；[docs/preprocessing.md](../../docs/preprocessing.md) |
# | 批归一化 | Ioffe and Szegedy 2015, [arXiv 1502.03167](https://arxiv.org/abs/1502.03167)；对其*原因*的质疑：Santurkar et al. 2018, [arXiv 1805.11604](https://arxiv.org/abs/1805.11604)；[docs/normalization.md](../../docs/normalization.md) |
# | 其他归一化 | 层归一化：Ba et al. 2016, [arXiv 1607.06450](https://arxiv.org/abs/1607.06450)；组归一化：Wu and He 2018, [arXiv 1803.08494](https://arxiv.org/abs/1803.08494) |
# | 残差网络 | He et al. 2016, [arXiv 1512.03385](https://arxiv.org/abs/1512.03385) 和 [1603.05027](https://arxiv.org/abs/1603.05027) |
# | 学习率计划 | Smith and Topin 2018, [arXiv 1708.07120](https://arxiv.org/abs/1708.07120)；Loshchilov and Hutter 2017, [arXiv 1608.03983](https://arxiv.org/abs/1608.03983) |
# | 权重衰减 | Loshchilov and Hutter 2019, [arXiv 1711.05101](https://arxiv.org/abs/1711.05101) |
# | 各种毛病 | `headstart explain`，每条规则一页 |
#
# *最好的下一步：拿一个你自己的、学不到东西的脚本，运行* `headstart run your_script.py`。*你预料的是什么？它说的又是什么？*
