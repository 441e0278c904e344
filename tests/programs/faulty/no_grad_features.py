# fault: `with torch.no_grad()` was left around the feature extractor
# As in https://github.com/erizmr/UnLiteFlowNet-PIV/issues/4
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class FlowNet(nn.Module):
    """How far did the particles move between the two pictures?"""

    def __init__(self):
        super().__init__()
        self.pyramid = nn.Sequential(
            nn.Conv1d(2, 8, 5, padding=2), nn.LeakyReLU(0.1), nn.Conv1d(8, 6, 5, padding=2), nn.LeakyReLU(0.1)
        )
        self.regress = nn.Linear(6, 1)

    def forward(self, first, second):
        x = torch.stack([first, second], 1)
        with torch.no_grad():
            features = self.pyramid(x)
        return self.regress(features.mean(-1))


def pairs(n, size=32):
    picture = torch.randn(n, size)
    shift = torch.randint(-2, 3, (n,))
    columns = (torch.arange(size)[None] - shift[:, None]) % size
    return picture, torch.gather(picture, 1, columns), shift[:, None].float() / 2


model = FlowNet()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
for step in range(500):
    first, second, flow = pairs(64)
    loss = nn.functional.mse_loss(model(first, second), flow)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
first, second, flow = pairs(1000)
with torch.no_grad():
    out = model(first, second)
finish(model, out, loss=nn.functional.mse_loss(out, flow))
