# Prototypical networks: episodes of 4 classes, 3 shots, minus squared distances as logits, new classes each time; then k-means on the embeddings. Learns: accuracy 0.98
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
WAY, SHOT, QUERY = 4, 3, 5
lift = torch.randn(5, 20)


def classes(k):
    return torch.randn(k, 5) * 2


def episode(pool):
    pick = torch.randperm(len(pool))[:WAY]
    latent = pool[pick].unsqueeze(1) + 0.5 * torch.randn(WAY, SHOT + QUERY, 5)
    x = torch.tanh(latent @ lift * 0.5) + 0.3 * torch.randn(WAY, SHOT + QUERY, 20)
    return x[:, :SHOT], x[:, SHOT:].flatten(0, 1), torch.arange(WAY).repeat_interleave(QUERY)


class ProtoNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(20, 64), nn.GELU(), nn.Linear(64, 16))

    def forward(self, support, query):
        proto = self.encode(support).mean(1)
        return -(torch.cdist(self.encode(query), proto) ** 2)


seen, unseen = classes(40), classes(20)
net = ProtoNet()
opt = torch.optim.Adam(net.parameters(), lr=1e-3)
sched = torch.optim.lr_scheduler.StepLR(opt, step_size=100, gamma=0.5)
for ep in range(300):
    s, q, y = episode(seen)
    loss = F.cross_entropy(net(s, q), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    sched.step()
    if ep % 100 == 0:
        print(ep, f"{loss.item():.4f}")
acc = []
net.eval()
with torch.no_grad():
    for _ in range(50):
        s, q, y = episode(unseen)
        out = net(s, q)
        acc.append((out.argmax(1) == y).float().mean())
    z = net.encode(q)
    centre = z[torch.randperm(len(z))[:WAY]].clone()
    for _ in range(10):
        near = torch.cdist(z, centre).argmin(1)
        for k in range(WAY):
            if (near == k).any():
                centre[k] = z[near == k].mean(0)
finish(net, centre, accuracy=torch.stack(acc).mean())
