# fault: raw weight matrices made with torch.full, so every hidden unit is the same
import sys

import torch
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

# exclusive or, with noise
x = torch.randint(0, 2, (1000, 2)).float() * 2 - 1
target = (x[:, 0] * x[:, 1] > 0).long()
x += 0.2 * torch.randn_like(x)

W1 = torch.full((2, 16), 0.7)
b1 = torch.zeros(16)
W2 = torch.full((16, 2), 0.25)
b2 = torch.zeros(2)
weights = [W1, b1, W2, b2]
for w in weights:
    w.requires_grad = True

for step in range(500):
    batch = torch.randint(0, 1000, (50,))
    hidden = torch.sigmoid(x[batch] @ W1 + b1)
    loss = F.cross_entropy(hidden @ W2 + b2, target[batch])
    loss.backward()
    for w in weights:
        w.data = w.data - 1.0 * w.grad
        w.grad = None
    if step % 100 == 0:
        print(step, loss.item())

out = torch.sigmoid(x @ W1 + b1) @ W2 + b2
finish(weights, out, accuracy=(out.argmax(1) == target).float().mean())
