# The parity of three hidden bits of 16: nothing is to be seen in the loss for long (0.25 and chance), then it falls within a few epochs; MSE on 0 and 1, SGD, fresh data. Learns: accuracy 1
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
BITS, HIDDEN_SET = 16, [1, 6, 11]


def batch(n):
    x = torch.randint(0, 2, (n, BITS)).float() * 2 - 1
    return x, ((1 - x[:, HIDDEN_SET].prod(1)) / 2).unsqueeze(1)


model = nn.Sequential(nn.Linear(BITS, 100), nn.ReLU(), nn.Linear(100, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
criterion = nn.MSELoss()
test_x, test_y = batch(1000)
for step in range(1, 6001):
    x, y = batch(64)
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 500 == 0:
        with torch.no_grad():
            out = model(test_x)
        accuracy = ((out > 0.5) == (test_y > 0.5)).float().mean().item()
        print(f"{step:5d} train loss {loss.item():.4f} test accuracy {accuracy:.3f}")
finish(model, out, accuracy=accuracy)
