# fixed: batch_first=True
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def signals(n):
    """Does the first bump lie above or below zero? The answer must be carried to the end."""
    x = 0.3 * torch.randn(n, 12, 2)
    y = torch.randint(0, 2, (n,))
    x[:, :3, 0] += (2.0 * y - 1).unsqueeze(1)
    return x, y


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(input_size=2, hidden_size=24, batch_first=True)
        self.fc = nn.Linear(24, 2)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1, :])


x, y = signals(1000)
x_test, y_test = signals(300)
net = Net()
opt = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(8):
    for i in torch.randperm(1000).split(50):
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch}: loss {loss.item():.4f}")
net.eval()
with torch.no_grad():
    out = net(x_test)
finish(net, out, accuracy=(out.argmax(1) == y_test).float().mean())
