# My first transformer: which number comes next in a line? (the loss does not go down)
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")

SEQ_LEN = 12
D_MODEL = 1
N_HEAD = 1


class MyModel(nn.Module):
    def __init__(self, seq_len):
        super().__init__()
        self.inp = nn.Linear(1, D_MODEL)
        self.pos = nn.Parameter(torch.randn(1, seq_len, D_MODEL) * 0.1)
        layer = nn.TransformerEncoderLayer(
            d_model=D_MODEL, nhead=N_HEAD, dim_feedforward=32, dropout=0.0, batch_first=True
        )
        self.trans = nn.TransformerEncoder(layer, num_layers=2)
        self.lin = nn.Linear(seq_len * D_MODEL, 1)

    def forward(self, x):
        y = self.inp(x) + self.pos
        y = self.trans(y)
        return self.lin(y.flatten(1))


def get_batch(n):
    start = torch.rand(n, 1) * 2 - 1
    slope = torch.rand(n, 1) * 0.2 - 0.1
    line = start + slope * torch.arange(SEQ_LEN + 1)
    return line[:, :SEQ_LEN].unsqueeze(-1).to(device), line[:, SEQ_LEN:].to(device)


model = MyModel(SEQ_LEN).to(device)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)

running_loss = 0.0
for epoch in range(350):
    training, labels = get_batch(64)
    optimizer.zero_grad()
    outputs = model(training)
    loss = criterion(outputs, labels)
    loss.backward()
    optimizer.step()
    running_loss += loss.item()
    if epoch % 50 == 49:
        print(f"[{epoch + 1}] loss: {running_loss / 50:.4f}")
        running_loss = 0.0

model.eval()
with torch.no_grad():
    x, y = get_batch(512)
    out = model(x)
    test_loss = criterion(out, y)
print("predicted", out[:3].flatten().tolist(), "should be", y[:3].flatten().tolist())
finish(model, out, loss=test_loss)
