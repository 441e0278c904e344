import sys

import numpy as np
import torch

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

lstm = torch.nn.LSTM(input_size=1, hidden_size=60, num_layers=1, batch_first=True).to(torch.double)
linear = torch.nn.Linear(60, 1).to(torch.double)
criterion = torch.nn.MSELoss()
params = list(lstm.parameters()) + list(linear.parameters())
optimizer = torch.optim.Adam(params, lr=1e-2)

L = 21
x = torch.tensor(np.arange(L) / 20, dtype=torch.double).unsqueeze(0).unsqueeze(2)
y = torch.tensor(np.sin(2 * np.arange(2, L + 2) / 20), dtype=torch.double)

for j in range(250):
    hidden = (torch.zeros((1, 1, 60), dtype=torch.double), torch.zeros((1, 1, 60), dtype=torch.double))
    output, hidden = lstm(x, hidden)
    loss = 0.0
    for i in range(L):
        o = linear(output[:, i, :].squeeze())
        loss += criterion(o.squeeze(), y[i])
    if j % 25 == 0:
        print(j, loss.item())
    loss.backward()
    optimizer.step()

with torch.no_grad():
    output, _ = lstm(x)
    predicted = linear(output).squeeze()
print("output:", predicted[:5])
print(f"final mse_loss {criterion(predicted, y).item():.6f}")
