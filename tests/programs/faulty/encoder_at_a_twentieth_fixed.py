# fixed: Adam at 0.0005
# thread: "PyTorch transformer low accuracy: 25 % on sequence classification where nn.LSTM has 83 %" (Stack Overflow)
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
config = dict(vocab=40, length=16, classes=4, d_model=48, n_head=4, layers=3, batch_size=50, lr=0.0005, epochs=5)


class Sentences(Dataset):
    """The class is said by which of four words is in the sentence."""

    def __init__(self, n):
        self.y = torch.randint(0, config["classes"], (n,))
        self.x = torch.randint(config["classes"], config["vocab"], (n, config["length"]))
        self.x[torch.arange(n), torch.randint(0, config["length"], (n,))] = self.y

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class TransformerClassifier(nn.Module):
    def __init__(self):
        super().__init__()
        d = config["d_model"]
        self.embeddings = nn.Embedding(config["vocab"], d)
        self.position = nn.Parameter(0.02 * torch.randn(1, config["length"], d))
        layer = nn.TransformerEncoderLayer(d, config["n_head"], 2 * d, dropout=0.1, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, config["layers"], enable_nested_tensor=False)
        self.fc = nn.Linear(d, config["classes"])

    def forward(self, x_in):
        h = self.encoder(self.embeddings(x_in) + self.position)
        return self.fc(h.mean(dim=1))


def evaluate(model, loader):
    model.eval()
    right = total = 0
    with torch.no_grad():
        for x, y in loader:
            right += (model(x).argmax(1) == y).sum().item()
            total += len(y)
    model.train()
    return right / total


train_loader = DataLoader(Sentences(1500), batch_size=config["batch_size"], shuffle=True)
val_loader = DataLoader(Sentences(500), batch_size=100)
model = TransformerClassifier()
optimizer = torch.optim.Adam(model.parameters(), lr=config["lr"])
loss_func = nn.CrossEntropyLoss()
for epoch in range(config["epochs"]):
    running_loss = 0.0
    for i, (x, y) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = loss_func(model(x), y)
        loss.backward()
        optimizer.step()
        running_loss += (loss.item() - running_loss) / (i + 1)
    print(f"epoch {epoch} train loss {running_loss:.3f} val acc {evaluate(model, val_loader):.3f}")
model.eval()
with torch.no_grad():
    out = model(val_loader.dataset.x)
finish(model, out, accuracy=(out.argmax(1) == val_loader.dataset.y).float().mean())
