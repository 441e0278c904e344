# A sparse autoencoder as for language models: k largest codes, decoder rows of norm one after each step, bias at the mean, dead codes counted. Learns: explained 0.92
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

true = nn.functional.normalize(torch.randn(64, 32), dim=1)


def activations(n):
    """What a layer of a big net might hold: few of 64 features at a time, and a mean."""
    on = (torch.rand(n, 64) < 0.04).float() * torch.rand(n, 64).add(0.5)
    return on @ true + 0.3 + 0.01 * torch.randn(n, 32)


class TopKAutoencoder(nn.Module):
    def __init__(self, d_in, d_hidden, k):
        super().__init__()
        self.k = k
        self.W_dec = nn.Parameter(nn.functional.normalize(torch.randn(d_hidden, d_in), dim=1))
        self.W_enc = nn.Parameter(self.W_dec.data.t().clone())
        self.b_enc = nn.Parameter(torch.zeros(d_hidden))
        self.b_dec = nn.Parameter(torch.zeros(d_in))

    def encode(self, x):
        pre = (x - self.b_dec) @ self.W_enc + self.b_enc
        values, indices = pre.topk(self.k, dim=-1)
        return torch.zeros_like(pre).scatter_(-1, indices, values.relu())

    def forward(self, x):
        z = self.encode(x)
        return z @ self.W_dec + self.b_dec, z

    @torch.no_grad()
    def normalise(self):
        self.W_dec.data /= self.W_dec.data.norm(dim=1, keepdim=True)

    @torch.no_grad()
    def drop_parallel_gradient(self):
        g = self.W_dec.grad
        g -= (g * self.W_dec).sum(1, keepdim=True) * self.W_dec


sae = TopKAutoencoder(32, 128, 5)
with torch.no_grad():
    sae.b_dec.copy_(activations(500).mean(0))
opt = torch.optim.Adam(sae.parameters(), lr=3e-3, betas=(0.9, 0.999))
fired = torch.zeros(128)
for step in range(700):
    x = activations(256)
    recon, z = sae(x)
    loss = (recon - x).pow(2).sum(-1).mean()
    opt.zero_grad()
    loss.backward()
    sae.drop_parallel_gradient()
    opt.step()
    sae.normalise()
    fired += (z > 0).sum(0)
    if step % 200 == 199:
        print(f"step {step + 1} loss {loss.item():.4f} dead {(fired == 0).sum().item()}")
        fired.zero_()
x = activations(1000)
with torch.no_grad():
    recon, _ = sae(x)
finish(sae, recon, explained_r2=1 - (recon - x).pow(2).sum() / (x - x.mean(0)).pow(2).sum())
