import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

# reviews as bags of words: five kinds of product, 120 words
WORDS, KINDS = 120, 5
habits = torch.randn(KINDS, WORDS) * 0.55


def reviews(n):
    kind = torch.arange(n) % KINDS
    counts = torch.poisson(torch.exp(habits[kind] - 0.5 + 0.3 * torch.randn(n, WORDS)))
    return torch.log1p(counts), kind


x_train, y_train = reviews(3000)
x_test, y_test = reviews(1000)
mean, std = x_train.mean(0), x_train.std(0)
x_train, x_test = (x_train - mean) / std, (x_test - mean) / std

# the test file is sorted by kind
order = y_test.argsort(stable=True)
x_test, y_test = x_test[order], y_test[order]


class ReviewNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(WORDS, 64, bias=False)
        self.bn1 = nn.BatchNorm1d(64)
        self.fc2 = nn.Linear(64, 32, bias=False)
        self.bn2 = nn.BatchNorm1d(32)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(32, KINDS)

    def forward(self, x):
        x = torch.relu(self.bn1(self.fc1(x)))
        x = torch.relu(self.bn2(self.fc2(x)))
        return self.out(self.drop(x))


def evaluate(model, x, y, batch_size=50):
    correct = 0
    with torch.no_grad():
        for i in range(0, len(x), batch_size):
            outputs = model(x[i : i + batch_size])
            correct += (outputs.argmax(dim=1) == y[i : i + batch_size]).sum().item()
    return correct / len(x)


model = ReviewNet()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(4):
    model.train()
    for rows in torch.randperm(len(x_train)).split(50):
        loss = criterion(model(x_train[rows]), y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", round(loss.item(), 4), "test", round(evaluate(model, x_test, y_test), 4))

print("final accuracy", evaluate(model, x_test, y_test))
