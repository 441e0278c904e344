# Test accuracy is 0.8584 for ten epochs, then 0.8673: with 113 samples it can only move by 1/113
import sys

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import confusion_matrix
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)

centres = np.random.randn(3, 20) * 0.6
share = [0.55, 0.24, 0.21]
label = np.random.choice(3, 563, p=share)
feature = centres[label] + np.random.randn(563, 20)
feature = (feature - feature[:450].mean(0)) / feature[:450].std(0)
train_set = TensorDataset(torch.tensor(feature[:450]).float(), torch.tensor(label[:450]))
test_set = TensorDataset(torch.tensor(feature[450:]).float(), torch.tensor(label[450:]))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin1 = nn.Linear(20, 32)
        self.lin2 = nn.Linear(32, 3)

    def forward(self, x):
        x = F.relu(self.lin1(x))
        x = F.dropout(x, p=0.3, training=self.training)
        return F.log_softmax(self.lin2(x), dim=1)


model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=5e-4)


def train():
    model.train()
    for x, y in DataLoader(train_set, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        F.nll_loss(model(x), y).backward()
        optimizer.step()


@torch.no_grad()
def test():
    model.eval()
    all_preds, all_targets = [], []
    for x, y in DataLoader(test_set, batch_size=32):
        all_preds += model(x).argmax(1).tolist()
        all_targets += y.tolist()
    return all_targets, all_preds


for epoch in range(1, 26):
    train()
    targets, preds = test()
    acc = np.mean(np.array(targets) == np.array(preds))
    print(f"Epoch {epoch}: Test Acc {acc:.4f}")
print(confusion_matrix(targets, preds))
with torch.no_grad():
    out = model(test_set.tensors[0])
finish(model, out, accuracy=acc)
