# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 5 · 激活函数
#
# 激活函数决定什么能通过：前向是 f(z)，反向是 f′(z)。两条曲线、两个积分，就能说明深层网络里将要发生的大部分事情。

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
# ## 曲线与导数
#
# *哪个导数永远不超过 1/4？哪个在半条轴上恰好为 0？哪些会小于 0 或大于 1？*

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
# ## 增益
#
# 方差为 gain²/n 的权重要让信号大小保持为 1，需要 gain² = 1/E[f(z)²]，其中 z ~ N(0, 1)。`hs.gain` 用数值积分求它，自己写的函数也可以。*ReLU 让一半的二阶矩通过，它的增益是多少？*

# %%
sample = torch.randn(1_000_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
mine = {"mine: z·exp(−z²)": lambda z: z * torch.exp(-z * z)}
print(f"{'':18}quadrature  1,000,000 random z  backward")
for name, f in (ACTIVATIONS | mine).items():
    drawn = f(sample).square().mean().rsqrt()
    print(f"{name:18}{hs.gain(f):10.4f}  {drawn:18.4f}  {hs.gain(f, backward=True):8.4f}")

# %% [markdown]
# 第二列只对上三位数字：一百万个随机数，还不如几百个积分点准确。*把你自己的函数放进 `mine`。* sigmoid 的反向增益是 4.7：不补偿的话，每层都会拿走梯度二阶矩的 95%。

# %% [markdown]
# ## 各层的梯度
#
# 三十层，权重取自 N(0, gain²/n)，所以每种激活函数的前向信号都正常。*那么梯度也正常吗？*

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
# sigmoid 在传回第 1 层的路上丢掉了大部分梯度，而且没有哪种权重尺度能同时照顾两个方向：它的前向增益是 1.85，反向增益是 4.7。ReLU 的两个都是 √2。这就是深层网络放弃 sigmoid 的原因。
# *把 `hs.gain(f)` 改成 `hs.gain(f, backward=True)`，哪些激活函数受得了？*

# %% [markdown]
# ## 死亡单元
#
# 一个对所有输入都输出 0 的 ReLU 单元自身没有梯度，只有它前面的层才可能把它带回来。步子太大会杀死单元。*训练 100 步，六种学习率：从多大开始有单元死亡？*

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
# 「对 2,000 个数字都有 z ≤ 0」（这里看的是第二层）对 ReLU 是死亡，对 LeakyReLU 只是睡着，因为那里的斜率是 0.01。LeakyReLU 消除不了*原因*：步子太大；它在这里只是能承受大三倍的学习率。
# *学习率为 0.3 时比例又降了下来，这是好消息吗？*
#
# ## 复活
#
# 用 0.1 的学习率弄死一个网络，再换上某个斜率（ReLU 的斜率是 0），以 0.001 继续训练。*死掉的单元会回来吗？网络就此痊愈了吗？*

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
# 斜率 0 就是 ReLU：没有梯度，什么也不动。用 0.01 时大多数单元回来了，但损失仍然高于瞎猜（2.30）：那些杀死单元的大步子，也把权重甩得很远。复活不等于痊愈；换个小学习率重新开始更省事。
# *把 `0.01` 改成 `0.1`，再改成 `1.0`。斜率为 1 时，网络成了什么？*

# %% [markdown]
# ## 训练八层网络
#
# 每种激活函数都配上 `hs.initialize` 为它选的权重。*谁排在最后？*

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
# sigmoid 排在最后；其余的名次会随种子改变。先用 ReLU；如果在需要的学习率下单元会死，就换 LeakyReLU；光滑的（Swish、GELU）值得一试，但不必迷信。*改一改 `seed=0`，再比较。*
