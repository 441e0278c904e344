# A restricted Boltzmann machine by contrastive divergence: gradients are written into .grad by hand, no backward, SGD
# with momentum steps. Learns: r2 0.76
import torch
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
v_data = (torch.tensor(load_digits().data) > 7).float()
W = torch.nn.Parameter(0.01 * torch.randn(64, 48))
a, b = torch.nn.Parameter(torch.zeros(64)), torch.nn.Parameter(torch.zeros(48))
optimizer = torch.optim.SGD([W, a, b], lr=0.05, momentum=0.5)


@torch.no_grad()
def contrastive_divergence(v0):
    h0 = torch.sigmoid(v0 @ W + b)
    v1 = torch.sigmoid(torch.bernoulli(h0) @ W.T + a)
    h1 = torch.sigmoid(v1 @ W + b)
    n = len(v0)
    W.grad = -(v0.T @ h0 - v1.T @ h1) / n
    a.grad, b.grad = -(v0 - v1).mean(0), -(h0 - h1).mean(0)
    return ((v0 - v1) ** 2).mean().item()


for epoch in range(40):
    errors = []
    for batch in torch.randperm(len(v_data)).split(50):
        errors.append(contrastive_divergence(v_data[batch]))
        optimizer.step()
    if epoch % 10 == 9:
        print(f"epoch {epoch}: {sum(errors) / len(errors):.4f}")
with torch.no_grad():
    again = torch.sigmoid(torch.sigmoid(v_data @ W + b) @ W.T + a)
finish([W, a, b], again, r2=1 - ((again - v_data) ** 2).mean() / ((v_data.mean(0) - v_data) ** 2).mean())
