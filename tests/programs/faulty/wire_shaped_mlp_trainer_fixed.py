import argparse

import torch
from sklearn.datasets import make_classification
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("seed", type=int, nargs="?", default=0)
parser.add_argument("--epochs", type=int, default=25)
parser.add_argument("--batch_size", type=int, default=64)
parser.add_argument("--lr", type=float, default=0.05)
args = parser.parse_args()
torch.manual_seed(args.seed)


class ShapedMLP(nn.Module):
    def __init__(self, in_features, n_classes, widths=(128, 64, 32)):
        super().__init__()
        blocks = []
        for w in widths:
            blocks += [nn.Linear(in_features, w), nn.ReLU()]
            in_features = w
        self.body = nn.Sequential(*blocks)
        self.head = nn.Linear(in_features, n_classes)

    def forward(self, x):
        return self.head(self.body(x))


class Trainer:
    def __init__(self, model, criterion, optimizer, scheduler, batch_size):
        self.model = model
        self.criterion = criterion
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.batch_size = batch_size

    def train_step(self, data, targets):
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(data), targets)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def train(self, x, y):
        self.model.train()
        order = torch.randperm(len(x))
        losses = []
        for start in range(0, len(x), self.batch_size):
            rows = order[start : start + self.batch_size]
            losses.append(self.train_step(x[rows], y[rows]))
        if self.scheduler:
            self.scheduler.step()
        return sum(losses) / len(losses)

    @torch.no_grad()
    def test(self, x, y):
        self.model.eval()
        return (self.model(x).argmax(1) == y).float().mean().item()


x, y = make_classification(
    3000, n_features=30, n_informative=15, n_classes=5, n_clusters_per_class=3, class_sep=1.5, random_state=args.seed
)
x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
train_x, test_x = x[:2400], x[2400:]
mean, std = train_x.mean(0), train_x.std(0)
train_x, test_x = (train_x - mean) / std, (test_x - mean) / std
train_y, test_y = y[:2400], y[2400:]

model = ShapedMLP(30, 5)
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.3)
trainer = Trainer(model, nn.CrossEntropyLoss(), optimizer, scheduler, args.batch_size)
for epoch in range(args.epochs):
    loss = trainer.train(train_x, train_y)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: loss {loss:.4f} test {trainer.test(test_x, test_y):.3f}")
print("final accuracy", trainer.test(test_x, test_y))
