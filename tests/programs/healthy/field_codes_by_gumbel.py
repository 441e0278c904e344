# A discrete autoencoder with Gumbel-softmax: eight letters of eight symbols each, a temperature that falls, straight-
# through draws, and a KL to the uniform prior of small weight. Learns: r2 0.69
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
LETTERS, SYMBOLS = 8, 8
x_all = torch.tensor(load_digits().data, dtype=torch.float32) / 16
train, test = x_all[:1500], x_all[1500:]


class Discrete(nn.Module):
    def __init__(self):
        super().__init__()
        self.to_logits = nn.Sequential(nn.Linear(64, 128), nn.ELU(), nn.Linear(128, LETTERS * SYMBOLS))
        self.back = nn.Sequential(nn.Linear(LETTERS * SYMBOLS, 128), nn.ELU(), nn.Linear(128, 64))

    def forward(self, x, tau):
        logits = self.to_logits(x).view(-1, LETTERS, SYMBOLS)
        if self.training:
            code = F.gumbel_softmax(logits, tau=tau, hard=True)
        else:
            code = F.one_hot(logits.argmax(-1), SYMBOLS).float()
        q = logits.log_softmax(-1)
        kl = (q.exp() * (q + torch.tensor(SYMBOLS).log())).sum((1, 2)).mean()
        return self.back(code.flatten(1)), kl


model = Discrete()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(40):
    model.train()
    tau = max(0.5, 1.0 * 0.96**epoch)
    for batch in torch.randperm(len(train)).split(64):
        out, kl = model(train[batch], tau)
        loss = F.binary_cross_entropy_with_logits(out, train[batch], reduction="sum") / len(batch) + 0.1 * kl
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print(f"epoch {epoch}: loss {loss.item():.2f} kl {kl.item():.2f}")
model.eval()
with torch.no_grad():
    out = torch.sigmoid(model(test, 0.5)[0])
finish(model, out, r2=1 - ((out - test) ** 2).mean() / ((train.mean(0) - test) ** 2).mean())
