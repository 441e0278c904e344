# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2 · 初始化
#
# 三十层就是三十个矩阵连乘。每层把信号变小一点，最后什么也到不了；每层变大一点，最后就会溢出。训练从哪里出发，决定了它能不能出发。

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
# ## 完全相同的权重
#
# 八个隐藏单元从相同的权重（全是 0.05）出发，训练 50 步。*之后有几个不同的单元？*

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
# 只有一个。权重相同，输出就相同，梯度就相同，每一步也相同。只有随机才能打破对称：权重要随机抽取。
# *把 `0.05` 改成 `0.0`，第一层的权重还会动吗？*（tanh 在 0 处输出 0，两个方向都没有信号通过。）

# %% [markdown]
# ## 该多大？
#
# 三十层，每层 256 个单元，ReLU，权重取自 N(0, σ²)。*这四个 σ 里有三个会失败，哪一个能保持信号的大小？（每个输出是 256 项之和。）*

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
# σ² = 2/256：n 项之和的方差是一项的 n 倍，而 ReLU 丢掉一半的二阶矩。这就是 Kaiming 法则。
# *把 0.2 改成 0.1。看上去无害，只大了 13%。三十层之后信号有多大？*

# %% [markdown]
# ## 法则与激活函数
#
# Xavier 取 σ² = 1/n，Kaiming 取 2/n。教科书说：tanh 用 Xavier，ReLU 用 Kaiming。*如果互换会怎样？哪一种互换更糟？*

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
# ReLU 配 Xavier，每层二阶矩减半：三十层后标准差只剩约 2⁻¹⁵。tanh 比较宽容，因为它不会超过 1。但大小不变并不是全部：信号还要保留两个输入的共同之处。
# *看两个输入的信号之间的余弦，起初是 0.9：*


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
# 权重大时 tanh 变得混沌：用 Kaiming 时两个输入的共同之处丢掉将近一半，σ = 0.2 时十层之内就全部消失。ReLU 则相反，让所有输入越来越像。[docs/initialization.md](../../docs/initialization.md) 测量了 50 层，并说明两者的来历。

# %% [markdown]
# ## 让 headstart 来选
#
# `hs.plan` 读取模型和一个批次，为每个权重指定法则，不改动任何东西；`hs.initialize` 才真正抽取权重。*为什么第一层的法则和第二层不同？*


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
# 输入没有经过 ReLU，也就没有什么需要补偿。现在来训练：同一个三十层网络，四种起点。*哪些能学起来？*


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
# 没有任何报错：有的起点只是停在 ln 10，有的变成 nan。*把 `DEPTH` 改成 5，起点还重要吗？从多深开始变得重要？*
