# Hooks that change what flows: forward hooks that return values, a pre-hook, full backward hooks, tensor hooks, global hooks. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

model = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))
calls = {"forward": 0, "pre": 0, "backward": 0, "backward_pre": 0, "global": 0}


def scale_output(module, inputs, output):
    calls["forward"] += 1
    return output * 0.9


def with_noise(module, args, kwargs):
    calls["pre"] += 1
    (x,) = args
    return ((x + 0.01 * torch.randn_like(x),), kwargs) if module.training else None


def clip_input_grad(module, grad_input, grad_output):
    calls["backward"] += 1
    return tuple(None if g is None else g.clamp(-0.01, 0.01) for g in grad_input)


def halve_grad(parameter):
    parameter.grad *= 0.5


def look(module, grad_output):
    calls["backward_pre"] += 1


def count_all(module, inputs, output):
    calls["global"] += 1


model[0].register_forward_hook(scale_output)
model[2].register_forward_pre_hook(with_noise, with_kwargs=True)
model[2].register_full_backward_hook(clip_input_grad)
model[4].register_full_backward_pre_hook(look)
handle = torch.nn.modules.module.register_module_forward_hook(count_all)
model[0].weight.register_hook(lambda g: g * 1.5)
model[4].bias.register_post_accumulate_grad_hook(halve_grad)

centre = torch.randn(3, 6)
y = torch.randint(0, 3, (800,))
x = centre[y] + 0.7 * torch.randn(800, 6)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
optimizer.register_step_pre_hook(lambda opt, args, kwargs: None)
for step in range(150):
    i = torch.randint(0, 600, (50,))
    loss = nn.functional.cross_entropy(model(x[i]), y[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
handle.remove()

print(calls)
model.eval()
with torch.no_grad():
    out = model(x[600:])
finish(model, out, accuracy=(out.argmax(1) == y[600:]).float().mean())
