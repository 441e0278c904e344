# fixed: `p -= lr * p.grad` changes the weights in place
import sys

import torch
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class LogisticRegression(torch.nn.Module):
    def __init__(self, num_features, num_classes):
        super().__init__()
        self.linear = torch.nn.Linear(num_features, num_classes)

    def forward(self, x):
        return self.linear(x)


def blobs(n):
    c = torch.randint(0, 3, (n,))
    return torch.tensor([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])[c] + torch.randn(n, 2), c


X, y = blobs(600)
X_test, y_test = blobs(400)
model = LogisticRegression(2, 3)
lr = 0.5
for epoch in range(100):
    cost = F.cross_entropy(model(X), y)
    model.zero_grad()
    cost.backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= lr * p.grad
    if epoch % 20 == 0:
        print(f"Epoch: {epoch:03d} | Cost: {cost:.3f}")
with torch.no_grad():
    logits = model(X_test)
finish(model, logits, loss=F.cross_entropy(logits, y_test))
