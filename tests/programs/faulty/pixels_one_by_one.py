# fault: a plain tanh RNN reads a digit pixel by pixel: of its 80 steps only the last ones have a say
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

hidden_size = 64
X, y = load_digits(return_X_y=True)
X = torch.tensor((X - X.mean()) / X.std(), dtype=torch.float32).unsqueeze(2)  # 64 steps of one pixel
X = torch.cat([X, torch.zeros(len(X), 16, 1)], dim=1)  # padded at the end
y = torch.tensor(y)
train_loader = DataLoader(TensorDataset(X[:1400], y[:1400]), batch_size=50, shuffle=True)


class PixelRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(1, hidden_size, batch_first=True)
        self.fc = nn.Linear(hidden_size, 10)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc(out[:, -1])


model = PixelRNN()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
criterion = nn.CrossEntropyLoss()
for epoch in range(8):
    for images, labels in train_loader:
        loss = criterion(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    print(f"Epoch [{epoch + 1}/8], Loss: {loss.item():.4f}")
model.eval()
with torch.no_grad():
    outputs = model(X[1400:])
finish(model, outputs, accuracy=(outputs.argmax(1) == y[1400:]).float().mean())
