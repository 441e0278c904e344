# fixed: the number is first lifted to 16 features, over which LayerNorm means something
# thread: "Transformer cannot predict next number in linear sequence" (discuss.pytorch.org)
import random
import sys

import torch
from torch import nn
import torch.optim as optim

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
random.seed(seed)
torch.set_num_threads(1)
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
SEQ_LEN = 10
EMBED_DIM = 16


class MyModel(nn.Module):
    def __init__(self, seq_len):
        super().__init__()
        self.lift = nn.Linear(1, EMBED_DIM) if EMBED_DIM > 1 else nn.Identity()
        layer = nn.TransformerEncoderLayer(
            d_model=EMBED_DIM, nhead=1, dim_feedforward=32, dropout=0.0, batch_first=True
        )
        self.trans = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.lin = nn.Linear(seq_len * EMBED_DIM, 1)

    def forward(self, x):
        y = self.trans(self.lift(x))
        return self.lin(torch.flatten(y, 1))


model = MyModel(SEQ_LEN).to(device)
criterion = nn.MSELoss()
optimizer = optim.Adam(model.parameters(), lr=0.003)


def sequences(n):
    """Numbers that rise evenly, scaled to about [0, 1]; the label is the number that comes next."""
    start, step = torch.rand(n, 1), torch.rand(n, 1) / SEQ_LEN
    numbers = start + step * torch.arange(SEQ_LEN + 1)
    return numbers[:, :-1].unsqueeze(-1).to(device), numbers[:, -1:].to(device)


running_loss = 0.0
for epoch in range(600):
    training, labels = sequences(32)
    optimizer.zero_grad()
    outputs = model(training)
    loss = criterion(outputs, labels)
    loss.backward()
    optimizer.step()

    # print statistics
    running_loss += loss.item()
    if epoch % 50 == 49:
        print(f"[{epoch + 1}] loss: {running_loss / 50:.3f}")
        running_loss = 0.0
model.eval()
with torch.no_grad():
    x, y = sequences(500)
    out = model(x)
finish(model, out, loss=criterion(out, y) / y.var())
