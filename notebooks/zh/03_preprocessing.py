# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3 · 预处理
#
# 损失曲面的形状由数据决定。狭长的山谷来自三种情况：各列尺度不同、均值不为零、各列相关。三者都可以在训练之前去掉。

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
# ## 两个尺度不同的特征
#
# 用梯度下降拟合 y = w₁x₁ + w₂x₂。第二个特征的单位小五倍，数值就大五倍。*下面的椭圆是等损失线，路径会怎么走？*

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
# 步长受最陡方向的限制，平缓的方向只能小步挪动。条件数是最大曲率与最小曲率之比，大约是 SCALE²。*把 `SCALE` 改成 20，要走多少步？*

# %% [markdown]
# ## 数字图像：0..255、0..1 还是标准化？
#
# 同一个网络，同样的数字，三种版本，每种试六个学习率。*各取最佳学习率时，哪一种学得最快？哪一种可选的学习率范围最宽？*

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
# 原始字节在任何学习率下都学不好。0..1 与标准化之间，答案取决于问题怎么问：在*相同*的常用学习率（0.01、0.1）下，标准化遥遥领先；但各取*自己*最佳的学习率（0..1 的要大十倍），这里几乎没有差别。所以「标准化的输入学得更快」只对了一半，「常用的学习率适合标准化的输入」才是对的。
# *把 `width=64` 改成 256，或者把 `steps` 改成 400，结论还成立吗？*

# %% [markdown]
# ## 白化：让等高线变圆
#
# 线性模型的曲率是 XᵀX/n。标准化只让对角线相等，白化把整个矩阵变成单位阵。*MNIST 有 784 个像素，变化最大与最小的方向相差多少？猜一个数量级。*

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
# 逐像素标准化只把条件数降到一半左右：它看不见相邻像素是一起变化的。*那么用最普通的梯度下降，各自用曲率 L 允许的步长 1/L，谁最快？*

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
# 白化后训练最快；可是保留全部方向时，*测试*误差最差：几乎不变化的方向大多是噪声，白化让它们和其余方向一样响亮。所以只保留最强的方向，或者加一个岭：`hs.Whiten("zca", eps=0.01)`。
# *把 `components=50` 改成 20 和 200，在测试集上哪个最好？可以在测试集上做这个选择吗？*

# %% [markdown]
# ## 看起来怎样，代价多大
#
# 在所有白化方式里，ZCA 的结果最接近原图。*一个数字还会剩下什么？*

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
# 只剩边缘。代价是对一个 d × d 矩阵做特征分解。*如果 512 列要花这么久，1024 列呢？*

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
# 列数翻倍，时间约为八倍；一张 224 × 224 的彩色照片有 150,528 列。这时应该白化小块（`hs.PatchWhiten`）或通道。更多内容见 [docs/preprocessing.md](../../docs/preprocessing.md)。
#
# *最后一个方法上的问题：为什么变换必须像上面那样，在看到测试图像之前就拟合好？*
