# torch.compile(backend="aot_eager"): module.compile() in place, dropout inside, cross-entropy on blobs. Learns: MEASURED
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

centres = torch.randn(6, 10) * 1.2
label = torch.randint(0, 6, (1200,))
data = centres[label] + torch.randn(1200, 10)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(10, 64)
        self.l2 = nn.Linear(64, 64)
        self.l3 = nn.Linear(64, 6)

    def forward(self, x):
        x = F.dropout(F.gelu(self.l1(x)), 0.1, self.training)
        return self.l3(F.gelu(self.l2(x)))


net = Net()
net.compile(backend="aot_eager")
opt = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(6):
    for idx in torch.randperm(1000).split(50):
        loss = F.cross_entropy(net(data[idx]), label[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, f"{loss.item():.4f}")
with torch.no_grad():
    out = net.train(False)(data[1000:])
finish(net, out, accuracy=(out.argmax(1) == label[1000:]).float().mean())
