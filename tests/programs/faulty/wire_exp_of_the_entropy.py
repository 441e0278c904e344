import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
digits = load_digits()
X = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
X = (X - X.mean()) / X.std()
y = torch.tensor(digits.target)
order = torch.randperm(len(X))
train_loader = DataLoader(TensorDataset(X[order[:1400]], y[order[:1400]]), batch_size=20, shuffle=True)
test_X, test_y = X[order[1400:]], y[order[1400:]]


class ClientModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(32 * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        x = torch.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


client_model = ClientModel()
optimizer = torch.optim.SGD(client_model.parameters(), lr=0.1, momentum=0.9)

e_loss = []
eta = 0.5
criterion = nn.CrossEntropyLoss()
for e in range(8):
    train_loss = 0
    for batch_idx, (data, target) in enumerate(train_loader):
        client_model.train()
        optimizer.zero_grad()
        output = client_model(data)
        loss = torch.exp(criterion(output, target) / eta)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * data.size(0)
    e_loss.append(train_loss / len(train_loader.dataset))
    print("epoch", e, "loss", e_loss[-1])

client_model.eval()
with torch.no_grad():
    print("final accuracy", (client_model(test_X).argmax(1) == test_y).float().mean().item())
