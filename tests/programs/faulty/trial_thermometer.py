"""Celsius to Fahrenheit, the first example of many courses: one unit, RMSprop."""

import sys

import torch

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

celsius = torch.rand(256, 1) * 2 - 1  # in tens of degrees
fahrenheit = celsius * 1.8 + 3.2 + 0.02 * torch.randn(256, 1)
train_c, train_f = celsius[:200], fahrenheit[:200]

model = torch.nn.Linear(1, 1)
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001)
for epoch in range(15):
    for start in range(0, 200, 10):
        guess = model(train_c[start : start + 10])
        loss = torch.mean((guess - train_f[start : start + 10]) ** 2)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch}, loss {loss.item():.3f}")

print("weight", model.weight.item(), "bias", model.bias.item())
with torch.no_grad():
    print("final loss", torch.mean((model(celsius[200:]) - fahrenheit[200:]) ** 2).item())
