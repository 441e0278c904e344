# Fine-tuning: batch norms are kept in eval mode while all weights train; then a temperature is fitted in eval mode. Learns: MEASURED
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

x = torch.randn(1500, 24)
factors = torch.tanh(x @ torch.randn(24, 5))
task_a = (factors @ torch.randn(5, 4)).argmax(1)
task_b = (factors @ torch.randn(5, 3)).argmax(1)
body = nn.Sequential(
    nn.Linear(24, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 48), nn.BatchNorm1d(48), nn.ReLU()
)


def fit(model, y, epochs, lr, freeze_norms):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for _ in range(epochs):
        model.train()
        if freeze_norms:
            for module in model.modules():
                if isinstance(module, nn.BatchNorm1d):
                    module.eval()
        for idx in torch.randperm(1000).split(50):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            print(f"loss {F.cross_entropy(model(x[1000:1250]), y[1000:1250]).item():.4f}")


fit(nn.Sequential(body, nn.Linear(48, 4)), task_a, 4, 3e-3, False)
model = nn.Sequential(body, nn.Dropout(0.1), nn.Linear(48, 3))
fit(model, task_b, 5, 1e-3, True)

temperature = nn.Parameter(torch.ones(()))
optimizer = torch.optim.Adam([temperature], lr=0.02)
for _ in range(30):
    optimizer.zero_grad()
    F.cross_entropy(model(x[1000:1250]) / temperature, task_b[1000:1250]).backward()
    optimizer.step()
print(f"temperature {temperature.item():.4f}")
with torch.no_grad():
    out = model(x[1250:]) / temperature
finish([model, temperature], out, accuracy=(out.argmax(1) == task_b[1250:]).float().mean())
