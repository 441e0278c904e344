# The best model is deep-copied, the whole model and optimizer are saved and loaded half-way, training goes on. Learns: MEASURED
import copy
import io
import pickle

import torch
import torch.nn as nn

from digest import finish


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm1d(6)
        self.layers = nn.ModuleList([nn.Linear(6, 32), nn.Linear(32, 32), nn.Linear(32, 2)])

    def forward(self, x):
        x = self.bn(x)
        for layer in self.layers[:-1]:
            x = nn.functional.mish(layer(x))
        return self.layers[-1](x)


torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.randn(900, 6) * 3 + 1
y = ((x[:, 0] - 1).abs() > (x[:, 1] - 1).abs()).long()
model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
best, best_loss = None, float("inf")
for epoch in range(14):
    model.train()
    for i in torch.randperm(600).split(50):
        loss = nn.functional.cross_entropy(model(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        val = nn.functional.cross_entropy(model(x[600:750]), y[600:750]).item()
    if val < best_loss:
        best, best_loss = copy.deepcopy(model), val
    if epoch == 6:
        file = io.BytesIO()
        torch.save({"model": model, "optimizer": optimizer.state_dict()}, file)
        print("saved", file.tell(), "bytes; pickled", len(pickle.dumps(model)), len(pickle.dumps(optimizer)))
        file.seek(0)
        saved = torch.load(file, weights_only=False)
        model = saved["model"]
        optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        optimizer.load_state_dict(saved["optimizer"])
    if epoch % 3 == 0:
        print(epoch, f"{val:.4f}")
with torch.no_grad():
    out = best(x[750:])
print(sorted(vars(best)) == sorted(vars(Classifier())), sorted(optimizer.__dict__))
finish([best, model], out, accuracy=(out.argmax(1) == y[750:]).float().mean())
