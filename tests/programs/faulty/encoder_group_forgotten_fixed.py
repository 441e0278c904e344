# fixed: both groups are appended
# As in https://github.com/zjunlp/HVPNeT/issues/5
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

VOCAB, LENGTH = 40, 12


class Tagger(nn.Module):
    """Is there a negation (word 7) in the sentence?"""

    def __init__(self, dim=10):
        super().__init__()
        self.encoder = nn.ModuleDict(
            {"embed": nn.Embedding(VOCAB, dim), "rnn": nn.GRU(dim, dim, batch_first=True, bidirectional=True)}
        )
        self.head = nn.Linear(2 * dim, 2)

    def forward(self, tokens):
        states, _ = self.encoder["rnn"](self.encoder["embed"](tokens))
        return self.head(states.amax(1))


def sentences(n):
    tokens = torch.randint(1, VOCAB, (n, LENGTH))
    asked = torch.rand(n) < 0.5
    tokens[asked, 5] = 7  # the negation
    tokens[~asked & (tokens == 7).any(1), :] = 3
    return tokens, (tokens == 7).any(1).long()


def build_optimizer(model, lr=5e-3):
    parameters = []
    params = {"lr": lr, "weight_decay": 1e-2}
    params["params"] = [p for name, p in model.named_parameters() if "encoder" in name]
    parameters.append(params)

    params = {"lr": lr, "weight_decay": 1e-2}
    params["params"] = [p for name, p in model.named_parameters() if "head" in name]
    parameters.append(params)
    return torch.optim.AdamW(parameters)


model = Tagger()
optimizer = build_optimizer(model)
for step in range(160):
    tokens, negated = sentences(32)
    loss = nn.functional.cross_entropy(model(tokens), negated)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if step % 40 == 0:
        print(f"step {step} loss {loss.item():.4f}")
tokens, negated = sentences(500)
with torch.no_grad():
    out = model(tokens)
finish(model, out, loss=nn.functional.cross_entropy(out, negated))
