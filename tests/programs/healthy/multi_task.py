# Two heads and two losses (classes and a regression) with learned uncertainty weights; a third, auxiliary loss. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class MultiTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.classify = nn.Linear(64, 3)
        self.regress = nn.Linear(64, 1)
        self.aux = nn.Linear(64, 10)
        self.log_var = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        h = self.trunk(x)
        return self.classify(h), self.regress(h).squeeze(-1), self.aux(h)


x = torch.randn(1300, 10)
s = x[:, 0] + x[:, 1] * x[:, 2]
label = torch.bucketize(s, torch.tensor([-0.6, 0.6]))
value = torch.tanh(s) + 0.3 * x[:, 3]
model = MultiTask()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
ce, mse = nn.CrossEntropyLoss(), nn.MSELoss()
for step in range(300):
    i = torch.randint(0, 1000, (64,))
    logits, pred, rebuilt = model(x[i])
    parts = torch.stack([ce(logits, label[i]), mse(pred, value[i])])
    loss = (parts * torch.exp(-model.log_var) + model.log_var).sum() + 0.05 * mse(rebuilt, x[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 60 == 0:
        print(step, [round(p, 4) for p in parts.tolist()], f"{loss.item():.4f}")
with torch.no_grad():
    logits, pred, _ = model(x[1000:])
print("r2", (1 - mse(pred, value[1000:]) / value[1000:].var()).item())
finish(model, logits, accuracy=(logits.argmax(1) == label[1000:]).float().mean())
