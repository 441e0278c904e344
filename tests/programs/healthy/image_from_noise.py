# A convolutional net turns one fixed noise into one noisy image, as a prior for denoising. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

y, x = torch.meshgrid(torch.linspace(0, 6, 24), torch.linspace(0, 6, 24), indexing="ij")
clean = (torch.sin(x) * torch.cos(y)).view(1, 1, 24, 24)
noisy = clean + 0.3 * torch.randn_like(clean)
noise = 0.1 * torch.randn(1, 8, 24, 24)

net = nn.Sequential(
    nn.Conv2d(8, 16, 3, padding=1),
    nn.LeakyReLU(0.2),
    nn.Conv2d(16, 16, 3, padding=1),
    nn.LeakyReLU(0.2),
    nn.Conv2d(16, 1, 1),
)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
for step in range(150):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(net(noise), noisy)
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
with torch.no_grad():
    out = net(noise)
finish(net, out, r2=1 - (out - clean).square().mean() / clean.var())
