# A hypernetwork: an embedding of the task is turned into all weights of a small net, used by F.linear with bmm. Learns: mse loss 0.004
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
TASKS, HID = 8, 12
amp, phase = 0.5 + torch.rand(TASKS), 3 * torch.rand(TASKS)


class HyperNetwork(nn.Module):
    def __init__(self, z_dim=6):
        super().__init__()
        self.z = nn.Embedding(TASKS, z_dim)
        self.shapes = [(HID, 1), (HID,), (HID, HID), (HID,), (1, HID), (1,)]
        count = sum(torch.Size(s).numel() for s in self.shapes)
        self.gen = nn.Sequential(nn.Linear(z_dim, 32), nn.ReLU(), nn.Linear(32, count))
        nn.init.normal_(self.gen[2].weight, std=0.05)
        with torch.no_grad():  # the biases are a usual start of the generated net
            at = 0
            for s in self.shapes:
                n = torch.Size(s).numel()
                if len(s) == 2:
                    self.gen[2].bias[at : at + n] = torch.randn(n) / s[1] ** 0.5
                else:
                    self.gen[2].bias[at : at + n] = 0
                at += n

    def forward(self, task):
        flat = self.gen(self.z(task))
        parts = flat.split([torch.Size(s).numel() for s in self.shapes])
        return [p.view(s) for p, s in zip(parts, self.shapes)]


def main_net(x, params):
    w1, b1, w2, b2, w3, b3 = params
    h = torch.tanh(F.linear(x, w1, b1))
    h = torch.tanh(F.linear(h, w2, b2))
    return F.linear(h, w3, b3)


hyper = HyperNetwork()
optimizer = torch.optim.Adam(hyper.parameters(), lr=3e-3)
for step in range(250):
    loss = 0
    for k in range(TASKS):
        x = 4 * torch.rand(32, 1) - 2
        y = amp[k] * torch.sin(2 * x + phase[k])
        loss = loss + F.mse_loss(main_net(x, hyper(torch.tensor(k))), y)
    loss = loss / TASKS
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, f"{loss.item():.4f}")
x = torch.linspace(-2, 2, 50).unsqueeze(1)
with torch.no_grad():
    outs = torch.stack([main_net(x, hyper(torch.tensor(k))) for k in range(TASKS)])
    truth = amp.view(-1, 1, 1) * torch.sin(2 * x + phase.view(-1, 1, 1))
finish(hyper, outs, mse_loss=F.mse_loss(outs, truth))
