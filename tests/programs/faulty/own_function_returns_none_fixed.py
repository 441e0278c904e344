# fixed: a gradient for the input, too
"""After threads on custom autograd functions whose earlier layers do not train: only the learned threshold was thought of,
and `backward` has to return as many values as `forward` takes."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class ThresholdedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input, threshold):
        mask = (input > threshold).to(input.dtype)
        ctx.save_for_backward(mask)
        return (input - threshold) * mask

    @staticmethod
    def backward(ctx, grad_output):
        (mask,) = ctx.saved_tensors
        grad_threshold = -(grad_output * mask).sum(0)
        return grad_output * mask, grad_threshold


class LearnedThreshold(nn.Module):
    def __init__(self, num_features):
        super().__init__()
        self.threshold = nn.Parameter(torch.zeros(num_features))

    def forward(self, input):
        return ThresholdedReLU.apply(input, self.threshold)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 12)
        self.act1 = LearnedThreshold(12)
        self.fc2 = nn.Linear(12, 12)
        self.act2 = LearnedThreshold(12)
        self.fc3 = nn.Linear(12, 10)

    def forward(self, x):
        return self.fc3(self.act2(self.fc2(self.act1(self.fc1(x)))))


X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
X = (X - X.mean(0)) / (X.std(0) + 0.1)
order = torch.randperm(len(X))
train, test = order[:1400], order[1400:]
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
criterion = nn.CrossEntropyLoss()
for epoch in range(15):
    for idx in train[torch.randperm(1400)].split(50):
        optimizer.zero_grad()
        loss = criterion(net(X[idx]), y[idx])
        loss.backward()
        optimizer.step()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, "loss", loss.item())
with torch.no_grad():
    out = net(X[test])
finish(net, out, accuracy=(out.argmax(1) == y[test]).float().mean())
