# The Fisher information of a net's weights, sample by sample: many backwards, no step, no optimizer.
import torch
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

model = nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 4))
x = torch.randn(80, 6)
fisher = {name: torch.zeros_like(p) for name, p in model.named_parameters()}
for row in x:
    model.zero_grad()
    scores = model(row[None])
    answer = torch.distributions.Categorical(logits=scores).sample()
    nn.functional.cross_entropy(scores, answer).backward()
    for name, p in model.named_parameters():
        fisher[name] += p.grad**2 / len(x)
finish(list(fisher.values()), model(x), trace=sum(f.sum() for f in fisher.values()))
