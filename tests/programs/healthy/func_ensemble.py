# torch.func: an ensemble of eight MLPs trained at once by vmap(grad(functional_call)), SGD on the stacked parameters. Learns: MEASURED
import copy

import torch
from torch import nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

x = torch.randn(600, 2)
y = ((x**2).sum(1) > 1.4).long()

models = [nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 2)) for _ in range(8)]
params, buffers = stack_module_state(models)
params = {k: v.detach() for k, v in params.items()}
skeleton = copy.deepcopy(models[0]).to("meta")


def loss_of(params, buffers, x, y):
    return nn.functional.cross_entropy(functional_call(skeleton, (params, buffers), (x,)), y)


step_fn = vmap(grad_and_value(loss_of), in_dims=(0, 0, 0, 0))
for step in range(200):
    i = torch.randint(0, 500, (8, 64))  # every member sees its own batch
    grads, losses = step_fn(params, buffers, x[i], y[i])
    params = {k: p - 0.5 * grads[k] for k, p in params.items()}
    if step % 50 == 0:
        print(step, losses.mean().item())

votes = vmap(lambda p, b: functional_call(skeleton, (p, b), (x[500:],)).softmax(-1))(params, buffers).mean(0)
finish(list(params.values()), votes, accuracy=(votes.argmax(-1) == y[500:]).float().mean())
