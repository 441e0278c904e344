# A learning-rate range test: the rate grows tenfold every fifteen batches until the loss blows up; the start is restored, the net is trained at a tenth of the best rate. Learns: accuracy 0.9
import copy
import math

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class LRFinder:
    def __init__(self, model, optimizer, criterion):
        self.model, self.optimizer, self.criterion = model, optimizer, criterion
        self.state = copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict())
        self.history = {"lr": [], "loss": []}

    def range_test(self, loader, start_lr=1e-5, end_lr=10, num_iter=90, smooth_f=0.05, diverge_th=5):
        gamma, best, smooth, batches = (end_lr / start_lr) ** (1 / num_iter), math.inf, None, iter(loader)
        lr = start_lr
        for _ in range(num_iter):
            try:
                x, y = next(batches)
            except StopIteration:
                batches = iter(loader)
                x, y = next(batches)
            for group in self.optimizer.param_groups:
                group["lr"] = lr
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            smooth = loss.item() if smooth is None else smooth_f * loss.item() + (1 - smooth_f) * smooth
            self.history["lr"].append(lr)
            self.history["loss"].append(loss.item())
            best = min(best, loss.item())
            if loss.item() > diverge_th * best:
                print("Stopping early, the loss has diverged")
                break
            lr *= gamma

    def reset(self):
        self.model.load_state_dict(self.state[0])
        self.optimizer.load_state_dict(self.state[1])

    def suggestion(self):
        lowest = min(range(len(self.history["loss"])), key=self.history["loss"].__getitem__)
        return self.history["lr"][lowest] / 10


X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y)
loader = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=50, shuffle=True)
net = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 10))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-5)
finder = LRFinder(net, optimizer, criterion)
finder.range_test(loader)
finder.reset()
rate = finder.suggestion()
print(f"tried {len(finder.history['lr'])} rates, the loss ended at {finder.history['loss'][-1]:.2f}; rate {rate:.2e}")
for group in optimizer.param_groups:
    group["lr"] = rate
for epoch in range(12):
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(net(xb), yb)
        loss.backward()
        optimizer.step()
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1} loss {loss.item():.4f}")
out = net(X[1400:]).detach()
finish(net, out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
