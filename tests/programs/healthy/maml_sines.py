# MAML on sine tasks: inner steps by autograd.grad(create_graph=True), outer step by autograd.grad too; backward is never called. Learns: MEASURED
import torch
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def init(n_out, n_in):
    return (torch.randn(n_out, n_in) * (2 / n_in) ** 0.5).requires_grad_(), torch.zeros(n_out, requires_grad=True)


params = [*init(40, 1), *init(40, 40), *init(1, 40)]


def forward(params, x):
    w1, b1, w2, b2, w3, b3 = params
    return F.linear(F.relu(F.linear(F.relu(F.linear(x, w1, b1)), w2, b2)), w3, b3)


def sample_task():
    amplitude, phase = torch.rand(1) * 2 + 0.5, torch.rand(1) * 3.14
    draw = lambda n: (lambda x: (x, amplitude * torch.sin(2 * x + phase)))(torch.rand(n, 1) * 4 - 2)
    return draw


def adapt(params, x, y, steps=1, lr=0.1, create_graph=True):
    for _ in range(steps):
        loss = F.mse_loss(forward(params, x), y)
        grads = torch.autograd.grad(loss, params, create_graph=create_graph)
        params = [p - lr * g for p, g in zip(params, grads)]
    return params


moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in params]
for it in range(1, 401):
    outer = 0
    for _ in range(4):
        draw = sample_task()
        fast = adapt(params, *draw(10))
        x, y = draw(20)
        outer = outer + F.mse_loss(forward(fast, x), y) / 4
    grads = torch.autograd.grad(outer, params)
    with torch.no_grad():  # Adam by hand
        for p, g, (m, v) in zip(params, grads, moments):
            m.mul_(0.9).add_(g, alpha=0.1)
            v.mul_(0.99).addcmul_(g, g, value=0.01)
            p.sub_(3e-3 * (m / (1 - 0.9**it)) / ((v / (1 - 0.99**it)).sqrt() + 1e-8))
    if it % 50 == 0:
        print(it, f"{outer.item():.4f}")

before = after = 0.0
for _ in range(50):
    draw = sample_task()
    x, y = draw(10)
    fast = adapt(params, x, y, steps=5, create_graph=False)
    x, y = draw(50)
    before += F.mse_loss(forward(params, x), y).item() / 50
    after += F.mse_loss(forward(fast, x), y).item() / 50
print(f"before adaptation {before:.4f}, after {after:.4f}")
finish(params, forward(fast, x), loss=after)
