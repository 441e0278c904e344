# L-BFGS with a strong-Wolfe closure on a small tanh regression net. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

x = torch.linspace(-3, 3, 200).unsqueeze(1)
y = torch.sin(2 * x) * torch.exp(-0.1 * x**2)

net = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 1))
criterion = nn.MSELoss()
optimizer = torch.optim.LBFGS(net.parameters(), lr=0.8, max_iter=10, history_size=10, line_search_fn="strong_wolfe")

for i in range(15):

    def closure():
        optimizer.zero_grad()
        out = net(x)
        loss = criterion(out, y)
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    if i % 5 == 0:
        print("STEP:", i, "loss:", loss.item())

with torch.no_grad():
    pred = net(x)
finish(net, pred, r2=1 - criterion(pred, y) / y.var())
