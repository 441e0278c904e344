# fixed: the singular values are the Parameter, and the matrix is made of them in forward
# As in https://github.com/juyongjiang/KaSA/issues/2
import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)


class KnowledgeAwareLinear(nn.Module):
    """y = (W + B diag(s) A) x with W fixed"""

    def __init__(self, linear, rank):
        super().__init__()
        self.register_buffer("weight", linear.weight.detach().clone())
        self.register_buffer("bias", linear.bias.detach().clone())
        self.lora_A = nn.Linear(linear.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, linear.out_features, bias=False)
        self.lora_diag = nn.Parameter(torch.zeros(rank))
        nn.init.orthogonal_(self.lora_A.weight)
        nn.init.orthogonal_(self.lora_B.weight)

    def forward(self, x):
        return F.linear(x, self.weight, self.bias) + self.lora_B(self.lora_A(x) @ torch.diag(self.lora_diag))


def fit(model, x, y, lr, epochs, batch_size=32):
    optim = torch.optim.Adam(model.parameters(), lr=lr)
    for epoch in range(epochs):
        running = []
        for rows in torch.randperm(len(x)).split(batch_size):
            optim.zero_grad()
            loss = F.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optim.step()
            running.append(loss.item())
        print(f"[{epoch + 1}/{epochs}] loss={sum(running) / len(running):.4f}")


data, digit = load_digits(return_X_y=True)
x = torch.tensor(data, dtype=torch.float32)
x = (x - x[:1200].mean()) / x[:1200].std()
y = torch.tensor(digit)

net = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 64), nn.ReLU(), nn.Linear(64, 10))
print("== pretraining: odd or even, small or large")
fit(net, x[:1200], 2 * (y[:1200] % 2) + (y[:1200] > 4), lr=2e-3, epochs=6)
for i in (0, 2, 4):
    net[i] = KnowledgeAwareLinear(net[i], rank=8)
print("== fine-tuning: which digit")
fit(net, x[:1200], y[:1200], lr=5e-3, epochs=12)
net.eval()
with torch.no_grad():
    logits = net(x[1200:])
finish(net, logits, accuracy=(logits.argmax(1) == y[1200:]).float().mean())
