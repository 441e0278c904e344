# Convex models from zero: softmax regression, then logistic regression with L2, both from all-zero weights, full batch. Learns: MEASURED
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
x, y = load_digits(return_X_y=True)
x = torch.tensor(x, dtype=torch.float32)
x = (x - x.mean(0)) / (x.std(0) + 1e-2)
y = torch.tensor(y)

W = torch.zeros(64, 10, requires_grad=True)
b = torch.zeros(10, requires_grad=True)
for step in range(150):
    loss = F.cross_entropy(x[:1400] @ W + b, y[:1400])
    grads = torch.autograd.grad(loss, (W, b))
    with torch.no_grad():
        for p, g in zip((W, b), grads):
            p -= 0.5 * g
print("softmax", loss.item())

even = (y % 2 == 0).float()
linear = torch.nn.Linear(64, 1)
torch.nn.init.zeros_(linear.weight)
torch.nn.init.zeros_(linear.bias)
opt = torch.optim.SGD(linear.parameters(), lr=0.3, weight_decay=1e-3)
for step in range(150):
    logits = linear(x[:1400]).squeeze(1)
    bce = F.binary_cross_entropy_with_logits(logits, even[:1400])
    opt.zero_grad()
    bce.backward()
    opt.step()
print("logistic", bce.item())

with torch.no_grad():
    out = x[1400:] @ W + b
    right = ((linear(x[1400:]).squeeze(1) > 0).float() == even[1400:]).float().mean()
print("even or odd", right.item())
finish([W, b, linear], out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
