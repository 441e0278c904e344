# How many of the tokens are verbs? A small transformer counts them.
import math
import sys

import torch
from digest import finish
from torch import Tensor, nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
VOCAB, LENGTH, DIM = 50, 16, 32
VERBS = torch.arange(VOCAB) % 4 == 1


def sample(n: int) -> tuple[Tensor, Tensor]:
    share = torch.rand(n, 1)
    verb = torch.rand(n, LENGTH) < share
    tokens = torch.where(
        verb,
        VERBS.nonzero().squeeze(1)[torch.randint(int(VERBS.sum()), (n, LENGTH))],
        (~VERBS).nonzero().squeeze(1)[torch.randint(int((~VERBS).sum()), (n, LENGTH))],
    )
    return tokens, verb.sum(1).float()


class Counter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCAB, DIM)
        self.register_buffer("position", self.sinusoids())
        layer = nn.TransformerEncoderLayer(DIM, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(DIM, 1)

    @staticmethod
    def sinusoids() -> Tensor:
        t = torch.arange(LENGTH).unsqueeze(1)
        w = torch.exp(torch.arange(0, DIM, 2) * (-math.log(100.0) / DIM))
        return torch.stack([torch.sin(t * w), torch.cos(t * w)], dim=2).flatten(1)

    def forward(self, tokens: Tensor) -> Tensor:
        h = self.encoder(self.embed(tokens) * math.sqrt(DIM) + self.position)
        return self.head(h).squeeze(-1).sum(1)


model = Counter()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
mse = nn.MSELoss()
x, y = sample(2000)
for epoch in range(6):
    losses = []
    for batch in torch.randperm(len(x)).split(50):
        optimizer.zero_grad()
        loss = mse(model(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch}  mse {sum(losses) / len(losses):.3f}")

model.eval()
x, y = sample(500)
with torch.no_grad():
    counts = model(x).round()
finish(model, counts, loss=mse(counts, y))
