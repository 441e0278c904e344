# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1 · MNIST：一个可靠的基线
#
# 一个 784-256-10 的网络：批归一化加 ReLU、Kaiming 初始化，输入标准化，AdamW 配余弦学习率，训练全程监测。后面每一本笔记都会拿掉其中一个选择，看看会发生什么。

# %% [markdown]
# ## 数据
#
# 60,000 个手写数字用于训练，其中最后 5,000 个留作验证。均值和标准差只用训练图像来算。*为什么不用全部图像？*

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
# 测试图像代表「谁也没见过的数字」。如果连均值都用上了它们，测试成绩就会虚高。

# %% [markdown]
# ## 权重
#
# `hs.plan` 为每个权重指定一种初始化法则，并说明理由；它不改动任何东西。
# *运行之前先猜：第一层和最后一层的权重，大小该差多少倍？*

# %%
torch.manual_seed(0)
model = hs.models.SimpleNet()
batch, labels = next(iter(train))
print(hs.plan(model, batch))

# %% [markdown]
# ## 训练
#
# 训练两轮，边训练边监测：记录文件保存每一步、每一层的概要。
# *10,000 个测试数字它会认错几个？先猜一个数。*

# %%
history = hs.fit(model, train, valid, epochs=2, progress=False)
print(hs.evaluate(model, test))

# %% [markdown]
# 把 `epochs` 改成 5，准确率还会继续上升吗？

# %% [markdown]
# ## 诊断
#
# 让规则评判这份记录。skill（技能值）= 1 − 损失 /（最佳常数答案的损失）。*如果一个网络永远只回答十个类别的频率，它的 skill 是多少？*

# %%
diagnosis = hs.diagnose(hs.read_record(history.record))
print(f"{diagnosis.verdict}, skill {diagnosis.skill.value:.2f}")

# %% [markdown]
# ## 故意弄坏：权重全为零
#
# 不用归一化，又从零开始，每个隐藏单元都是其他单元的复制品。*训练能让它们变得不同吗？*

# %%
LANGUAGE = "zh"
torch.manual_seed(0)
broken = hs.models.SimpleNet(norm="none", init="zero")
history = hs.fit(broken, train, valid, epochs=1, progress=False)
for finding in hs.diagnose(hs.read_record(history.record), language=LANGUAGE).findings:
    print(finding.rule, "|", finding.message)

# %% [markdown]
# 不能。[第 2 本](02_initialization.ipynb)会说明原因，以及该怎么做。
