# Half of the labels are drawn anew at random: no net can do better than about 0.61 of four classes, and it is there after two epochs. Learns: accuracy 0.61
import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from digest import finish

torch.manual_seed(3)
torch.set_num_threads(1)

X, y = make_classification(
    4000, 20, n_informative=10, n_redundant=0, n_classes=4, n_clusters_per_class=1, class_sep=2.5, random_state=0
)
X, y = torch.from_numpy(X).float(), torch.from_numpy(y)
noisy = torch.rand(len(y)) < 0.52
y[noisy] = torch.randint(4, (int(noisy.sum()),))
train, val = random_split(TensorDataset(X, y), [3000, 1000])
train_dl = DataLoader(train, 100, shuffle=True)
val_dl = DataLoader(val, 500)

net = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 4))
opt = torch.optim.Adam(net.parameters(), lr=2e-3, weight_decay=1e-4)
loss_fn = nn.CrossEntropyLoss()


def evaluate():
    net.eval()
    hits, total, outs = 0, 0.0, []
    with torch.no_grad():
        for xb, yb in val_dl:
            out = net(xb)
            hits += (out.argmax(1) == yb).sum().item()
            total += loss_fn(out, yb).item() * len(yb)
            outs.append(out)
    return hits / len(val), total / len(val), torch.cat(outs)


for epoch in range(15):
    net.train()
    for xb, yb in train_dl:
        opt.zero_grad()
        loss_fn(net(xb), yb).backward()
        opt.step()
    acc, val_loss, out = evaluate()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: val loss {val_loss:.4f} val accuracy {acc:.3f}")
finish(net, out, accuracy=acc)
