# fault: the table that is trained on goes through a StandardScaler, the one that is evaluated does not
import sys

import torch
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

X, y = load_breast_cancer(return_X_y=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, test_size=0.3, random_state=0)
scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_train, X_valid = (torch.tensor(part, dtype=torch.float32) for part in (X_train, X_valid))
y_train, y_valid = (torch.tensor(part, dtype=torch.float32) for part in (y_train, y_valid))

w1 = (torch.randn(30, 32) * 30**-0.5).requires_grad_()
b1 = torch.zeros(32, requires_grad=True)
w2 = (torch.randn(32) * 32**-0.5).requires_grad_()
b2 = torch.zeros((), requires_grad=True)


class Classifier(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = torch.nn.ParameterList([w1, b1, w2, b2])

    def forward(self, x):
        w1, b1, w2, b2 = self.weights
        return torch.tanh(x @ w1 + b1) @ w2 + b2


classifier = Classifier()
optimizer = torch.optim.SGD(classifier.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)


@torch.no_grad()
def evaluate(x, y):
    return ((classifier(x) > 0).float() == y).float().mean().item()


for epoch in range(1, 31):
    order = torch.randperm(len(X_train))
    total = 0.0
    for start in range(0, len(order), 32):
        rows = order[start : start + 32]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(classifier(X_train[rows]), y_train[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(rows)
    if epoch % 10 == 0:
        print(f"{epoch:3} loss {total / len(order):.4f} valid {evaluate(X_valid, y_valid):.3f}")
with torch.no_grad():
    out = classifier(X_valid)
finish(classifier, out, accuracy=evaluate(X_valid, y_valid))
