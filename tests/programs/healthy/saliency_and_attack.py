# A net that is made, given its weights and looked into: saliency and an attack. An optimizer is made and has nothing to do.
import torch
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)  # of a script that could train as well
model.load_state_dict({name: value.mul(2) for name, value in model.state_dict().items()})
model.eval()
x, y = torch.randn(64, 10), torch.randint(0, 3, (64,))
saliency = []
for i in range(32):
    one = x[i : i + 1].clone().requires_grad_()
    model(one).max().backward()
    saliency.append(one.grad.abs())
    model.zero_grad()
adversarial = x.clone()
for _ in range(30):
    adversarial.requires_grad_(True)
    loss = nn.functional.cross_entropy(model(adversarial), y)
    loss.backward()
    adversarial = (adversarial + 0.01 * adversarial.grad.sign()).detach()
out = model(adversarial)
finish(model, torch.cat([out.detach(), torch.cat(saliency)[:, :3]]), loss=loss.detach())
