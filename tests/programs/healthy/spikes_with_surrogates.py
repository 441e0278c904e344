# A spiking net: leaky integrate-and-fire neurons over 12 time steps, a surrogate derivative for the step function, membrane sums as logits. Learns: accuracy 0.89
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class SurrGradSpike(torch.autograd.Function):
    scale = 10.0

    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return (input > 0).float()

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        return grad_output / (SurrGradSpike.scale * torch.abs(input) + 1.0) ** 2


class LIF(nn.Module):
    def __init__(self, n_in, n_out, beta=0.9, threshold=1.0):
        super().__init__()
        self.fc, self.beta, self.threshold = nn.Linear(n_in, n_out), beta, threshold

    def forward(self, x, mem):
        spike = SurrGradSpike.apply(mem - self.threshold)
        mem = self.beta * mem + self.fc(x) - spike.detach() * self.threshold
        return SurrGradSpike.apply(mem - self.threshold), mem


class SNN(nn.Module):
    def __init__(self, steps=12):
        super().__init__()
        self.steps, self.hidden, self.readout = steps, LIF(64, 100), nn.Linear(100, 10)

    def forward(self, x):
        mem, total, rate = torch.zeros(len(x), 100), 0, 0
        for _ in range(self.steps):
            spikes, mem = self.hidden(x, mem)
            total = total + self.readout(spikes)
            rate = rate + spikes.mean()
        return total / self.steps, rate / self.steps


X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
net = SNN()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3, betas=(0.9, 0.999))
for epoch in range(6):
    for data, targets in DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=50, shuffle=True):
        logits, rate = net(data)
        loss = F.cross_entropy(logits, targets) + 0.1 * (rate - 0.2) ** 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.3f} firing rate {rate.item():.3f}")
with torch.no_grad():
    logits, _ = net(X[1400:])
finish(net, logits, accuracy=(logits.argmax(1) == y[1400:]).float().mean())
