# A constraint by its Lagrangian: the rate of positives must be equal in two groups; a multiplier climbs by SGD(maximize=True) and is kept at zero or above by clamp_. Learns: gap loss 0.03
import torch
import torch.nn.functional as F
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
group = torch.randint(2, (3000,))
x = torch.randn(3000, 6) + 0.8 * group[:, None] * torch.tensor([1.0, 0, 0.5, 0, 0, 0])
label = (torch.sigmoid(1.5 * x[:, 0] + x[:, 1] - x[:, 3] - 0.6) > torch.rand(3000)).float()
train, test = slice(0, 2400), slice(2400, 3000)


class Constrained:
    def __init__(self, slack=0.02):
        self.model = nn.Sequential(nn.Linear(6, 24), nn.ReLU(), nn.Linear(24, 1))
        self.multiplier = nn.Parameter(torch.zeros(()))
        self.primal = torch.optim.Adam(self.model.parameters(), lr=3e-3)
        self.dual = torch.optim.SGD([self.multiplier], lr=0.5, maximize=True)
        self.slack = slack

    def gap(self, scores, group):
        p = torch.sigmoid(scores)
        return (p[group == 1].mean() - p[group == 0].mean()).abs()

    def step(self, x, y, g):
        scores = self.model(x).squeeze(1)
        violation = self.gap(scores, g) - self.slack
        lagrangian = F.binary_cross_entropy_with_logits(scores, y) + self.multiplier * violation
        self.primal.zero_grad()
        self.dual.zero_grad()
        lagrangian.backward()
        self.primal.step()
        self.dual.step()
        with torch.no_grad():
            self.multiplier.clamp_(min=0)
        return lagrangian.item(), violation.item()


fair = Constrained()
for epoch in range(25):
    for rows in torch.randperm(2400).split(200):
        value, violation = fair.step(x[train][rows], label[train][rows], group[train][rows])
    if epoch % 5 == 4:
        print(
            f"epoch {epoch + 1} lagrangian {value:.3f} violation {violation:+.3f} multiplier {fair.multiplier.item():.3f}"
        )
with torch.no_grad():
    out = fair.model(x[test]).squeeze(1)
    gap = fair.gap(out, group[test])
    print("accuracy", ((out > 0) == (label[test] > 0.5)).float().mean().item())
finish([*fair.model.parameters(), fair.multiplier], out, gap_loss=gap)
