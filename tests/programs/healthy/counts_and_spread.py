# Likelihood losses of torch: GaussianNLLLoss with a spread that depends on x, PoissonNLLLoss on counts, a negative binomial by torch.distributions. Learns: fit loss 0.09
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def body(out):
    return nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, out))


x = 4 * torch.rand(1500, 1) - 2
spread = 0.05 + 0.2 * (x + 2) / 4
y = torch.sin(2 * x) + spread * torch.randn_like(x)
rate = torch.exp(1 + 0.8 * torch.sin(x))
counts = torch.poisson(rate)

gauss, poisson, negbin = body(2), body(1), body(2)
opt = torch.optim.Adam([*gauss.parameters(), *poisson.parameters(), *negbin.parameters()], lr=5e-3)
gaussian_nll, poisson_nll = nn.GaussianNLLLoss(), nn.PoissonNLLLoss(log_input=True)
for epoch in range(15):
    for i in torch.randperm(1500).split(75):
        mean, raw = gauss(x[i]).chunk(2, 1)
        loss_g = gaussian_nll(mean, y[i], F.softplus(raw) + 1e-4)
        loss_p = poisson_nll(poisson(x[i]), counts[i])
        log_total, logit = negbin(x[i]).chunk(2, 1)
        nb = torch.distributions.NegativeBinomial(F.softplus(log_total) + 1e-3, logits=logit)
        loss_nb = -nb.log_prob(counts[i]).mean()
        loss = loss_g + loss_p + loss_nb
        opt.zero_grad()
        loss.backward()
        opt.step()
    if epoch % 5 == 0:
        print(f"{epoch} gauss {loss_g.item():.4f} poisson {loss_p.item():.4f} negbin {loss_nb.item():.4f}")
with torch.no_grad():
    fitted = poisson(x).exp()
    error = ((fitted - rate).abs() / rate).mean() + (gauss(x)[:, :1] - torch.sin(2 * x)).abs().mean()
finish([gauss, poisson, negbin], fitted, fit_loss=error)
