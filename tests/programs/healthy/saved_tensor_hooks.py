# The user's own saved-tensor hooks: activations are packed to half precision and counted, a part goes to save_on_cpu. Learns: MEASURED
import torch
import torch.nn as nn
from torch.autograd.graph import save_on_cpu, saved_tensors_hooks

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

packed = unpacked = 0


def pack_half(tensor):
    global packed
    packed += 1
    if tensor.dtype == torch.float32 and not isinstance(tensor, nn.Parameter):
        return tensor.to(torch.bfloat16), tensor.dtype
    return tensor, tensor.dtype


def unpack_half(pack):
    global unpacked
    unpacked += 1
    tensor, dtype = pack
    return tensor.to(dtype)


stem = nn.Sequential(nn.Linear(10, 64), nn.ReLU())
body = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam([*stem.parameters(), *body.parameters()], lr=2e-3)
x = torch.randn(1000, 10)
y = (x[:, 0].abs() - x[:, 1] * x[:, 2]).unsqueeze(1)
for step in range(250):
    i = torch.randint(0, 800, (64,))
    with saved_tensors_hooks(pack_half, unpack_half):
        h = stem(x[i])
        with save_on_cpu():
            h = body[:2](h)
        out = body[2](h)
        loss = nn.functional.mse_loss(out, y[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

print("packed", packed, "unpacked", unpacked)
with torch.no_grad():
    out = body(stem(x[800:]))
finish([stem, body], out, r2=1 - (out - y[800:]).pow(2).mean() / y[800:].var())
