"""Kim's text CNN under bfloat16 autocast."""

import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
device_type, dtype = "cpu", torch.bfloat16

VOCAB, LENGTH, CLASSES = 400, 20, 20
phrases = torch.randint(1, VOCAB, (CLASSES, 6, 3), generator=torch.Generator().manual_seed(3))


def make(n):
    x = torch.randint(1, VOCAB, (n, LENGTH))
    y = torch.randint(0, CLASSES, (n,))
    for k in range(n):
        for _ in range(2):
            at = int(torch.randint(0, LENGTH - 3, (1,)))
            x[k, at : at + 3] = phrases[y[k], int(torch.randint(0, 6, (1,)))]
    return x, y


class TextCNN(nn.Module):
    def __init__(self, dim=32, filters=24):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, dim, padding_idx=0)
        self.convs = nn.ModuleList([nn.Conv1d(dim, filters, k) for k in (2, 3)])
        self.dropout = nn.Dropout(0.3)
        self.fc = nn.Linear(2 * filters, CLASSES)

    def forward(self, x):
        e = self.embedding(x).transpose(1, 2)
        pooled = [F.relu(conv(e)).amax(2) for conv in self.convs]
        logits = self.fc(self.dropout(torch.cat(pooled, 1)))
        return logits


x_train, y_train = make(2000)
x_test, y_test = make(500)
model = TextCNN()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
criterion = nn.CrossEntropyLoss()
start = time.time()
for epoch in range(6):
    model.train()
    for idx in torch.randperm(len(x_train)).split(64):
        optimizer.zero_grad()
        with torch.autocast(device_type=device_type, dtype=dtype):
            output = model(x_train[idx])
            loss = criterion(output, y_train[idx])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.3f}")

model.eval()
with torch.no_grad(), torch.autocast(device_type=device_type, dtype=dtype):
    output = model(x_test)
acc = (output.argmax(1) == y_test).float().mean()
finish(model, output.float(), accuracy=acc)
