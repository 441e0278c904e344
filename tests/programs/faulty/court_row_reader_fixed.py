import gzip
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

# hyper parameters
batch_size = 50
learning_rate = 3e-3
num_epoches = 3

folder = Path(__file__).resolve().parents[3] / "src" / "headstart" / "train" / "data"


def mnist(part, count):
    with gzip.open(folder / f"{part}-images-idx3-ubyte.gz") as f:
        x = np.frombuffer(f.read(16 + count * 784), np.uint8, offset=16).reshape(count, 28, 28)
    with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz") as f:
        y = np.frombuffer(f.read(8 + count), np.uint8, offset=8)
    x = torch.tensor(x, dtype=torch.float32) / 255
    return TensorDataset((x - 0.1307) / 0.3081, torch.tensor(y, dtype=torch.long))


train_loader = DataLoader(mnist("train", 4000), batch_size=batch_size, shuffle=True)
test_loader = DataLoader(mnist("t10k", 1000), batch_size=batch_size, shuffle=False)


class Rnn(nn.Module):
    def __init__(self, in_dim, hidden_dim, n_layer, n_class):
        super(Rnn, self).__init__()
        self.n_layer = n_layer
        self.hidden_dim = hidden_dim
        self.lstm = nn.LSTM(in_dim, hidden_dim, n_layer, batch_first=True)
        self.classifier = nn.Linear(hidden_dim, n_class)

    def forward(self, x):
        out, _ = self.lstm(x)
        out = out[:, -1, :]
        out = self.classifier(out)
        return out


model = Rnn(28, 48, 1, 10)
criterion = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=learning_rate)

for epoch in range(num_epoches):
    running_loss = 0.0
    running_acc = 0.0
    for img, label in train_loader:
        out = model(img)
        loss = criterion(out, label)
        running_loss += loss.item() * label.size(0)
        running_acc += (out.argmax(1) == label).sum().item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1}, loss {running_loss / 4000:.4f}, acc {running_acc / 4000:.4f}")

model.eval()
hits = 0
with torch.no_grad():
    for img, label in test_loader:
        hits += (model(img).argmax(1) == label).sum().item()
print(f"final accuracy {hits / 1000:.4f}")
