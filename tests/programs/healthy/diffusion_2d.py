# Denoising diffusion on a 2-D swirl: the net predicts the noise, time enters by sinusoidal features. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
STEPS = 50
betas = torch.linspace(1e-3, 0.2, STEPS)
alpha_bar = torch.cumprod(1 - betas, 0)


def swirl(n):
    t = torch.rand(n) * 3 + 0.5
    return torch.stack([t * torch.cos(2 * t), t * torch.sin(2 * t)], 1) / 1.8 + 0.02 * torch.randn(n, 2)


class NoiseNet(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        self.register_buffer("freq", 2.0 ** torch.arange(4))
        self.net = nn.Sequential(
            nn.Linear(2 + 8, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 2)
        )
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x, t):
        phase = t[:, None] / STEPS * 3.14 * self.freq
        return self.net(torch.cat([x, phase.sin(), phase.cos()], 1))


model = NoiseNet()
ema = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.98))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
average = 1.0
for step in range(450):
    x0 = swirl(256)
    t = torch.randint(0, STEPS, (256,))
    noise = torch.randn_like(x0)
    a = alpha_bar[t].unsqueeze(1)
    loss = nn.functional.mse_loss(model(a.sqrt() * x0 + (1 - a).sqrt() * noise, t), noise)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    ema.update_parameters(model)
    average = 0.95 * average + 0.05 * loss.item()

with torch.no_grad():
    x = torch.randn(500, 2)
    for t in reversed(range(STEPS)):
        eps = ema(x, torch.full((500,), t))
        x = (x - betas[t] / (1 - alpha_bar[t]).sqrt() * eps) / (1 - betas[t]).sqrt()
        x = x + betas[t].sqrt() * torch.randn_like(x) * (t > 0)
    print("distance of samples to the swirl", torch.cdist(x, swirl(2000)).min(1).values.mean().item())
finish([model, ema], x, loss=average)  # 1.0 is the loss of a net that always answers zero
