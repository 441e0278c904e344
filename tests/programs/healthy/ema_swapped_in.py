# An EMA of the weights by a class with store, copy_to and restore, swapped in for every evaluation (with num_updates in the decay). Learns: accuracy 1
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class ExponentialMovingAverage:
    def __init__(self, parameters, decay):
        self.decay, self.num_updates = decay, 0
        self.shadow_params = [p.clone().detach() for p in parameters if p.requires_grad]
        self.collected_params = []

    def update(self, parameters):
        self.num_updates += 1
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        with torch.no_grad():
            for s_param, param in zip(self.shadow_params, [p for p in parameters if p.requires_grad]):
                s_param.sub_((1.0 - decay) * (s_param - param))

    def copy_to(self, parameters):
        for s_param, param in zip(self.shadow_params, [p for p in parameters if p.requires_grad]):
            param.data.copy_(s_param.data)

    def store(self, parameters):
        self.collected_params = [param.clone() for param in parameters]

    def restore(self, parameters):
        for c_param, param in zip(self.collected_params, parameters):
            param.data.copy_(c_param.data)


def spirals(n):
    k = torch.randint(0, 3, (n,))
    r = torch.rand(n)
    a = 4 * r + k * 2.0944 + 0.15 * torch.randn(n)
    return torch.stack([r * a.sin(), r * a.cos()], 1) * 2, k


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(2, 64), nn.Linear(64, 64), nn.Linear(64, 3)

    def forward(self, x):
        return self.fc3(F.silu(self.fc2(F.silu(self.fc1(x)))))


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
ema = ExponentialMovingAverage(model.parameters(), decay=0.99)
x, y = spirals(1500)
x_val, y_val = spirals(500)
for epoch in range(15):
    model.train()
    for i in torch.randperm(len(x)).split(50):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x[i]), y[i])
        loss.backward()
        optimizer.step()
        ema.update(model.parameters())
    model.eval()
    ema.store(model.parameters())
    ema.copy_to(model.parameters())
    with torch.no_grad():
        out = model(x_val)
    acc = (out.argmax(1) == y_val).float().mean()
    ema.restore(model.parameters())
    if epoch % 5 == 4:
        print(f"epoch {epoch} loss {loss.item():.4f} ema accuracy {acc.item():.4f}")
finish([model, *ema.shadow_params], out, accuracy=acc)
