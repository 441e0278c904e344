# System identification: a Kalman filter's noise variances and dynamics are found by maximum likelihood of what it
# foresaw, by gradient through the filter, all parameters scalars. Learns: r2 of forecasts 0.74
import torch

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

steps, series = 80, 30
angle, damping = torch.tensor(0.4), 0.97
turn = damping * torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
state = torch.randn(series, 2)
seen = []
for _ in range(steps):
    state = state @ turn.T + 0.2 * torch.randn(series, 2)
    seen.append(state[:, 0] + 0.3 * torch.randn(series))
seen = torch.stack(seen)

theta = torch.tensor(0.1, requires_grad=True)
logit_damping = torch.tensor(2.0, requires_grad=True)
log_process, log_sensor = torch.tensor(0.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
parameters = [theta, logit_damping, log_process, log_sensor]
optimizer = torch.optim.Adam(parameters, lr=0.03)


def filtered():
    """The negative log-likelihood a step, and the forecasts."""
    d = torch.sigmoid(logit_damping)
    A = d * torch.stack([torch.stack([theta.cos(), -theta.sin()]), torch.stack([theta.sin(), theta.cos()])])
    Q, R = (2 * log_process).exp() * torch.eye(2), (2 * log_sensor).exp()
    mean, cov = torch.zeros(series, 2), torch.eye(2)
    nll, forecasts = 0.0, []
    for z in seen:
        mean, cov = mean @ A.T, A @ cov @ A.T + Q
        forecasts.append(mean[:, 0])
        s = cov[0, 0] + R
        residual = z - mean[:, 0]
        nll = nll + 0.5 * (s.log() + residual**2 / s).mean()
        gain = cov[:, 0] / s
        mean = mean + residual[:, None] * gain
        cov = cov - torch.outer(gain, cov[0])
    return nll / steps, torch.stack(forecasts)


for iteration in range(120):
    optimizer.zero_grad()
    loss, forecasts = filtered()
    loss.backward()
    optimizer.step()
    if iteration % 30 == 0:
        print(iteration, loss.item(), theta.item(), torch.sigmoid(logit_damping).item())
r2 = 1 - ((forecasts - seen) ** 2).mean() / seen.var()
finish([p.detach() for p in parameters], forecasts, r2=r2)
