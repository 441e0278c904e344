# DeepSurv: Cox's partial likelihood over the whole cohort, sorted by time, with censoring; two outputs never meet a target of their own. Learns: concordance 0.78
import numpy as np
import torch
from torch import nn

from digest import finish

np.random.seed(7)
torch.manual_seed(7)
torch.set_num_threads(1)
n = 400
covariates = np.random.randn(n, 6).astype("float32")
risk = 1.2 * covariates[:, 0] - 0.8 * covariates[:, 1] + 0.6 * covariates[:, 2] ** 2
time = np.random.exponential(np.exp(-risk))
censor = np.random.exponential(2.0, n)
event = (time <= censor).astype("float32")
time = np.minimum(time, censor)
order = np.argsort(-time)
X, E, T = torch.from_numpy(covariates[order]), torch.from_numpy(event[order]), time[order]


class DeepSurv(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(6, 24),
            nn.SELU(),
            nn.AlphaDropout(0.1),
            nn.Linear(24, 24),
            nn.SELU(),
            nn.AlphaDropout(0.1),
            nn.Linear(24, 1, bias=False),
        )
        for m in self.model:
            if isinstance(m, nn.Linear):
                nn.init.kaiming_normal_(m.weight, nonlinearity="linear")

    def forward(self, x):
        return self.model(x).squeeze(-1)


def neg_partial_log_likelihood(log_h, event):
    log_risk = torch.logcumsumexp(log_h, 0)
    return -((log_h - log_risk) * event).sum() / event.sum()


def concordance(score, time, event):
    good = pairs = 0
    for i in range(len(time)):
        if event[i]:
            later = time > time[i]
            pairs += later.sum()
            good += (score[i] > score[later]).sum()
    return good / pairs


net = DeepSurv()
optimizer = torch.optim.NAdam(net.parameters(), lr=5e-3, weight_decay=1e-3)
train = torch.arange(n) % 4 != 0
for epoch in range(150):
    net.train()
    optimizer.zero_grad()
    loss = neg_partial_log_likelihood(net(X[train]), E[train])
    loss.backward()
    optimizer.step()
    if epoch % 50 == 0:
        print(epoch, round(loss.item(), 4))
net.eval()
with torch.no_grad():
    out = net(X[~train])
held = (~train).numpy()
finish(net, out, concordance=float(concordance(out.numpy(), T[held], E.numpy()[held])))
