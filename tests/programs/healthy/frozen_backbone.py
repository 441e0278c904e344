# Transfer: a backbone is pretrained on one task, frozen and kept in eval mode; only a new head learns. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

X = torch.randn(1500, 30)
W = torch.randn(30, 6)
hidden_factors = torch.tanh(X @ W)  # both tasks depend on the same factors
task_a = (hidden_factors @ torch.randn(6, 4)).argmax(1)
task_b = (hidden_factors @ torch.randn(6, 2)).argmax(1)

backbone = nn.Sequential(
    nn.Linear(30, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.1), nn.Linear(64, 32), nn.BatchNorm1d(32), nn.ReLU()
)


def fit(model, params, labels, epochs, lr):
    opt = torch.optim.Adam(params, lr=lr)
    for _ in range(epochs):
        for idx in torch.randperm(1200).split(100):
            loss = nn.functional.cross_entropy(model(X[idx]), labels[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
    print(f"loss {loss.item():.4f}")


fit(nn.Sequential(backbone, nn.Linear(32, 4)), list(backbone.parameters()), task_a, 12, 3e-3)

for p in backbone.parameters():
    p.requires_grad = False
backbone.eval()
model = nn.Sequential(backbone, nn.Linear(32, 2))
fit(model, filter(lambda p: p.requires_grad, model.parameters()), task_b, 10, 1e-2)

model.eval()
with torch.no_grad():
    out = model(X[1200:])
finish(model, out, accuracy=(out.argmax(1) == task_b[1200:]).float().mean())
