import sys
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
m = mnist()
norm = lambda t: ((t.float() / 255) - 0.1307).div(0.3081)[:, None, ::2, ::2].contiguous()
loader = DataLoader(
    TensorDataset(norm(m.train_images[:4000]), m.train_labels[:4000].long()), batch_size=80, shuffle=True
)
test_x, test_y = norm(m.test_images[:1000]), m.test_labels[:1000].long()


def conv(i, o, s):
    return nn.Sequential(nn.Conv2d(i, o, 3, stride=s, padding=1), nn.ReLU(inplace=True))


net = nn.Sequential(
    conv(1, 12, 1),
    conv(12, 24, 2),
    conv(24, 32, 2),
    nn.Flatten(),
    nn.Linear(32 * 16, 64),
    nn.ReLU(),
    nn.Linear(64, 10),
)
optimizer = torch.optim.AdamW(net.parameters(), lr=0.001, weight_decay=5e-4)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)

for epoch in range(4):
    seen = correct = 0
    for x, y in loader:
        with torch.amp.autocast("cpu", dtype=torch.bfloat16):
            logits = net(x)
            loss = criterion(logits, y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        correct += (logits.argmax(1) == y).sum().item()
        seen += len(y)
    print(f"[{epoch}] train acc {correct / seen:.3f}")

net.eval()
with torch.no_grad():
    logits = net(test_x)
finish(net, logits, accuracy=(logits.argmax(1) == test_y).float().mean())
