# The old tutorial way: mm, clamp(min=0), squared error summed by hand, `w.data -= lr * w.grad.data`. Learns: MEASURED
import torch

from digest import finish

dtype = torch.float
torch.manual_seed(3)
torch.set_num_threads(1)

N, D_in, H, D_out = 64, 40, 100, 5
x = torch.randn(N, D_in, dtype=dtype)
y = torch.tanh(x @ torch.randn(D_in, D_out) / D_in**0.5)

w1 = torch.randn(D_in, H, dtype=dtype, requires_grad=True)
w2 = torch.randn(H, D_out, dtype=dtype, requires_grad=True)
w1.data.mul_((2 / D_in) ** 0.5)
w2.data.mul_((1 / H) ** 0.5)

learning_rate = 2e-4
for t in range(600):
    y_pred = x.mm(w1).clamp(min=0).mm(w2)
    loss = (y_pred - y).pow(2).sum()
    if t % 100 == 99:
        print(t, loss.item())
    loss.backward()
    w1.data -= learning_rate * w1.grad.data
    w2.data -= learning_rate * w2.grad.data
    w1.grad.data.zero_()
    w2.grad.data.zero_()

r2 = 1 - loss / (y - y.mean(0)).pow(2).sum()
finish([w1, w2], y_pred, r2=r2)
