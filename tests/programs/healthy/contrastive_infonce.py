# SimCLR in small: two noisy views, normalised embeddings, InfoNCE over the batch (B×B similarities). Learns: MEASURED
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

latent = torch.randn(1000, 5)
mix = torch.randn(5, 20)
x = torch.tanh(latent @ mix)


def augment(batch):
    keep = (torch.rand_like(batch) > 0.15).float()
    return batch * keep + 0.1 * torch.randn_like(batch)


encoder = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 32))
projector = nn.Sequential(nn.ReLU(), nn.Linear(32, 16))
optimizer = torch.optim.Adam(list(encoder.parameters()) + list(projector.parameters()), lr=3e-3)
temperature = 0.2


def nt_xent(z1, z2):
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.T / temperature
    sim.fill_diagonal_(float("-inf"))
    n = len(z1)
    positives = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(sim, positives)


for step in range(250):
    batch = x[torch.randint(0, 1000, (64,))]
    loss = nt_xent(projector(encoder(augment(batch))), projector(encoder(augment(batch))))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, f"{loss.item():.4f}")

with torch.no_grad():
    a, b = (F.normalize(projector(encoder(augment(x[:200]))), dim=1) for _ in range(2))
found = ((a @ b.T).argmax(1) == torch.arange(200)).float().mean()  # chance: 0.005
finish([encoder, projector], a, retrieval=found)
