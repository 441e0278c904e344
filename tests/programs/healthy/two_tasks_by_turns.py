# healthy: one table, two questions by turns, one of them far harder: the loss is low, high, low, high
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

x = torch.randn(300, 16)
easy = x[:, 0] + 0.5 * x[:, 1]
hard = 0.4 * x[:, 2] + 3 * torch.randn(300)


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(16, 32), nn.ReLU())
        self.heads = nn.Linear(32, 2)

    def forward(self, x):
        return self.heads(self.body(x))


net = Both()
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for step in range(240):
    question = step % 2
    loss = nn.functional.mse_loss(net(x)[:, question], (easy, hard)[question])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 > 37:
        print(f"step {step} question {question} loss {loss.item():.3f}")
with torch.no_grad():
    out = net(x)
finish(net, out, easy_loss=(out[:, 0] - easy).square().mean())
