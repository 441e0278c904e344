# Own autograd.Functions: a binarised layer by the straight-through estimator and a hand-written swish. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish


class BinarySTE(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight):
        ctx.save_for_backward(weight)
        return torch.where(weight >= 0, 1.0, -1.0) * weight.abs().mean()

    @staticmethod
    def backward(ctx, grad):
        (weight,) = ctx.saved_tensors
        return grad * (weight.abs() <= 1)


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, i):
        result = i * torch.sigmoid(i)
        ctx.save_for_backward(i)
        return result

    @staticmethod
    def backward(ctx, grad_output):
        i = ctx.saved_tensors[0]
        sigmoid_i = torch.sigmoid(i)
        return grad_output * (sigmoid_i * (1 + i * (1 - sigmoid_i)))


class BinaryLinear(nn.Linear):
    def forward(self, x):
        return nn.functional.linear(x, BinarySTE.apply(self.weight), self.bias)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(16, 96)
        self.fc2 = BinaryLinear(96, 96)
        self.norm = nn.LayerNorm(96)
        self.fc3 = nn.Linear(96, 5)

    def forward(self, x):
        x = Swish.apply(self.fc1(x))
        x = Swish.apply(self.norm(self.fc2(x)))
        return self.fc3(x)


torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(1200, 16)
y = (torch.tanh(x @ torch.randn(16, 12)) @ torch.randn(12, 5)).argmax(1)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(8):
    for idx in torch.randperm(1000).split(50):
        loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, round(loss.item(), 4))
with torch.no_grad():
    out = net(x[1000:])
finish(net, out, accuracy=(out.argmax(1) == y[1000:]).float().mean())
