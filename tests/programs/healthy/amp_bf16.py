# bfloat16 autocast on the CPU, a convolutional net on stripes of four directions. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def stripes(n):
    k = torch.randint(0, 4, (n,))
    angle = k * torch.pi / 4
    grid = torch.linspace(-3, 3, 12)
    yy, xx = torch.meshgrid(grid, grid, indexing="ij")
    phase = torch.rand(n, 1, 1) * 6.28
    wave = torch.sin(
        2 * (xx * angle.cos().view(-1, 1, 1) + yy * angle.sin().view(-1, 1, 1)) + phase
    ) + 0.5 * torch.randn(n, 12, 12)
    return wave.unsqueeze(1), k


model = nn.Sequential(
    nn.Conv2d(1, 16, 5, padding=2),
    nn.BatchNorm2d(16),
    nn.SiLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(16, 32, 3, padding=1),
    nn.BatchNorm2d(32),
    nn.SiLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(32, 4),
)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
criterion = nn.CrossEntropyLoss()
for step in range(80):
    x, y = stripes(32)
    optimizer.zero_grad()
    with torch.autocast(device_type="cpu", dtype=torch.bfloat16):
        output = model(x)
        loss = criterion(output, y)
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print(step, output.dtype, f"{loss.item():.4f}")

model.eval()
x, y = stripes(300)
with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
    output = model(x)
finish(model, output, accuracy=(output.argmax(1) == y).float().mean())
