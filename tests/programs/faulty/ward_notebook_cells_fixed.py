# %% setup
import gzip
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
device = "cpu"

# %% data
folder = Path(__file__).resolve().parents[3] / "src/headstart/train/data"


def read(kind, count):
    with gzip.open(folder / f"{kind}-images-idx3-ubyte.gz") as f:
        images = np.frombuffer(f.read(16 + 784 * count), np.uint8, offset=16).reshape(count, 1, 28, 28)
    with gzip.open(folder / f"{kind}-labels-idx1-ubyte.gz") as f:
        labels = np.frombuffer(f.read(8 + count), np.uint8, offset=8)
    return TensorDataset(
        (torch.tensor(images, dtype=torch.float32) / 255 - 0.1307) / 0.3081, torch.tensor(labels, dtype=torch.long)
    )


train_dataloader = DataLoader(read("train", 2400), batch_size=32, shuffle=True)
test_dataloader = DataLoader(read("t10k", 1000), batch_size=250)


# %% model
class DigitModelV2(nn.Module):
    def __init__(self, input_shape, hidden_units, output_shape):
        super().__init__()
        self.block_1 = nn.Sequential(
            nn.Conv2d(input_shape, hidden_units, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, stride=2),
        )
        self.block_2 = nn.Sequential(
            nn.Conv2d(hidden_units, hidden_units, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(hidden_units * 7 * 7, output_shape))

    def forward(self, x):
        return self.classifier(self.block_2(self.block_1(x)))


model_2 = DigitModelV2(input_shape=1, hidden_units=10, output_shape=10).to(device)

# %% loss and optimizer
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(params=model_2.parameters(), lr=0.1)

# %% check the shapes
print(model_2(torch.randn(1, 1, 28, 28)).shape)

# %% train and test
for epoch in range(5):
    model_2.train()
    train_loss = 0
    for X, y in train_dataloader:
        y_logits = model_2(X)
        loss = loss_fn(y_logits, y)
        train_loss += loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model_2.eval()
    correct = 0
    with torch.inference_mode():
        for X, y in test_dataloader:
            correct += (model_2(X).argmax(dim=1) == y).sum().item()
    print(f"Epoch {epoch} | train loss {train_loss / len(train_dataloader):.4f} | test acc {correct / 1000:.3f}")

print("final accuracy", correct / 1000)
