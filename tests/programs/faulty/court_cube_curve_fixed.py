import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class Network(nn.Module):
    def __init__(self):
        super(Network, self).__init__()
        self.fc1 = nn.Linear(in_features=1, out_features=50, bias=True)
        self.fc2 = nn.Linear(in_features=50, out_features=1, bias=True)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = self.fc2(x)
        return x


model = Network()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
criterion = nn.MSELoss()

data = torch.tensor([d for d in range(1, 400)]).float().unsqueeze(1)
answer = data**3
input = (data - data.mean()) / data.std()
target = (answer - answer.mean()) / answer.std()

for epoch in range(1500):
    optimizer.zero_grad()
    out = model(input)
    loss = criterion(out, target)
    loss.backward()
    optimizer.step()
    if epoch % 250 == 0:
        print("Epoch {}, loss {}, max. pred val {}".format(epoch, loss.item(), out.max().item()))

with torch.no_grad():
    pred = model(input) * answer.std() + answer.mean()
    # share of the variance that is left unexplained
    unexplained = ((pred - answer) ** 2).mean() / answer.var()
print(f"final unexplained_loss {unexplained.item():.4f}")
