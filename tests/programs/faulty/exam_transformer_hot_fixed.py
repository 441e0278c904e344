# the same, repaired: a transformer encoder is trained with Adam at 0.03
import math
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
VOCAB, LENGTH = 20, 16


class PositionalEncoding(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        position = torch.arange(LENGTH).unsqueeze(1)
        div = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(LENGTH, d_model)
        pe[:, 0::2] = torch.sin(position * div)
        pe[:, 1::2] = torch.cos(position * div)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe


class Classifier(nn.Module):
    def __init__(self, d_model=32):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, d_model)
        self.position = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(d_model, 4, 64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(d_model, 2)

    def forward(self, x):
        return self.head(self.encoder(self.position(self.embedding(x))).mean(1))


# does a 0 come before a 1? Each occurs once
x = torch.randint(2, VOCAB, (2000, LENGTH))
places = torch.rand(2000, LENGTH).argsort(1)[:, :2]
x.scatter_(1, places, torch.tensor([[0, 1]]).expand(2000, 2))
y = (places[:, 0] < places[:, 1]).long()
model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
criterion = nn.CrossEntropyLoss()
for epoch in range(6):
    model.train()
    for i in torch.randperm(1600).split(32):
        optimizer.zero_grad()
        loss = criterion(model(x[i]), y[i])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} | loss {loss.item():.3f}")
model.eval()
with torch.no_grad():
    out = model(x[1600:])
finish(model, out, accuracy=(out.argmax(1) == y[1600:]).float().mean())
