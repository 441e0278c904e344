# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6 · 诊断与修复
#
# 这个脚本训练一个数字分类器，但它什么也没学到。它运行时不报任何错。里面有五处毛病。

# %%
import os

import matplotlib.pyplot as plt
import torch
from torch import nn

import headstart as hs

QUICK = "HEADSTART_QUICK" in os.environ
LANGUAGE = "zh"
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
plt.rcParams.update({"axes.prop_cycle": plt.cycler(color=COLORS), "axes.grid": True, "grid.alpha": 0.3})

digits = hs.mnist()
images = digits.train_images[:20000].float()
labels = digits.train_labels[:20000].long()

# %% [markdown]
# *像审稿人那样读一遍。五处毛病你能找到几处？先写下来，再往下看。*


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
# ## 问问 headstart
#
# 同样的训练再跑一遍，放进 `with hs.watch(net) as record:` 里。别的什么都不变，权重一个比特也不会变。然后用 `hs.diagnose` 评判这份记录。
# *最先被指出的会是哪一个：影响最大的，还是遮住其他毛病的那个？*

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
# 五处一次指出了四处，第一处连下界都给出了：十个类别时损失不可能低于 1.46。由某个毛病引起的后果列在它下面（`explains`），而不是与它并列。第五处还藏着：在这个 softmax 后面，梯度几乎全是零，零加零还是零。所以先修第一处，再问一遍。
#
# ## 修复 1：把 logits 交给损失函数
#
# *你预计现在会指出什么？*


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
# 现在有梯度了，第五处浮出水面：梯度从不清零。损失比之前*更糟*，差了好多个数量级。*那么刚才修错了吗？*
#
# ## 修复 2 和 3：全部参数交给优化器，每步清零梯度


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
# 循环现在对了，起点还不对。剩下两个原因，以及它们引起的后果：爆炸、死亡单元、nan。
#
# ## 修复 4：输入标准化
#
# *光这一步够吗？输入会缩小约 80 倍。*

# %%
standardize = hs.Standardize(per="channel").fit(images.unsqueeze(1))
standardized = standardize(images.unsqueeze(1)).squeeze(1)
print(f"mean {standardized.mean():.3f}, std {standardized.std():.3f}")

torch.manual_seed(0)
net = Logits()
examine("4 inputs", net, torch.optim.SGD(net.parameters(), lr=0.05), standardized)

# %% [markdown]
# ## 修复 5：合适的权重
#
# *标准差为 1 的权重，经过扇入为 784、128、128 的三层，末端的信号大了多少倍？*

# %%
torch.manual_seed(0)
net = Logits()
hs.initialize(net, standardized[:256])
examine("5 weights", net, torch.optim.SGD(net.parameters(), lr=0.05), standardized)

# %% [markdown]
# ## 修复前后
#
# *修到第几处，损失才低于瞎猜？*

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
# 修完最后一处才行。毛病不止一处时，修对了一处，损失也不会给奖励；只看损失的人，会把第一处正确的修复又改回去。按原因诊断，用处就在这里。
#
# 如果脚本在文件里，一行也不用改：`headstart run train.py`。*试一试：每次撤销一处修复，看 headstart 能否发现。再试一个它不认识的：`lr=5` 会怎样？*
