import sys

import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class ShallowNetTorch(nn.Module):
    def __init__(self, width, height, depth, classes):
        super(ShallowNetTorch, self).__init__()
        self.width = width
        self.height = height
        # first and only conv
        self.conv1 = nn.Conv2d(in_channels=depth, out_channels=32, kernel_size=3, stride=1, padding=1)
        # Relu Activation
        self.activation = nn.ReLU()
        # linear layer (16*16*32 -> classes)
        self.fc1 = nn.Linear(self.width * self.height * 32, classes)

    def forward(self, x):
        x = self.activation(self.conv1(x))
        x = x.view(-1, self.width * self.height * 32)
        x = self.fc1(x)
        return x


# cats, dogs and pandas: three blurred shapes under much noise
shapes = nn.functional.interpolate(torch.randn(3, 3, 4, 4), size=16, mode="bilinear")


def animals(n):
    y = torch.randint(3, (n,))
    return TensorDataset(0.5 + 0.2 * (0.08 * shapes[y] + torch.randn(n, 3, 16, 16)), y)


train, valid = animals(300), animals(300)
train_loader = DataLoader(train, batch_size=32, shuffle=True)
valid_loader = DataLoader(valid, batch_size=100)
n_epochs = 60
patience = None

model = ShallowNetTorch(16, 16, 3, 3)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=0.003)
lowest, since = 1e9, 0

for epoch in range(n_epochs):
    train_loss = 0.0
    model.train()
    for data, target in train_loader:
        optimizer.zero_grad()
        output = model(data)
        loss = criterion(output, target)
        loss.backward()
        optimizer.step()
        train_loss += loss.item() * data.size(0)
    valid_loss, correct = 0.0, 0
    model.eval()
    for data, target in valid_loader:
        with torch.no_grad():
            output = model(data)
        valid_loss += criterion(output, target).item() * data.size(0)
        correct += (output.argmax(1) == target).sum().item()
    valid_loss /= len(valid)
    if epoch % 5 == 0:
        print(
            "Epoch: {} \tTraining Loss: {:.4f} \tValidation Loss: {:.4f}".format(epoch, train_loss / 300, valid_loss)
        )
    since = 0 if valid_loss < lowest else since + 1
    lowest = min(lowest, valid_loss)
    if patience and since >= patience:
        break

finish(model, output, valid_loss=valid_loss)
