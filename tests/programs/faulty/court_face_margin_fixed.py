"""Face-recognition style training (embedding, cosine margin head), with digits in the place of faces."""

import sys

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)
NUM_EPOCH, BATCH_SIZE, EMBEDDING = 8, 50, 24

faces, identity = load_digits(return_X_y=True)
faces = torch.tensor((faces - faces.mean()) / faces.std(), dtype=torch.float32).view(-1, 1, 8, 8)
identity = torch.tensor(identity)
order = torch.randperm(len(faces))
gallery, probe = order[:1400], order[1400:]
loader = DataLoader(TensorDataset(faces[gallery], identity[gallery]), batch_size=BATCH_SIZE, shuffle=True)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 24, 3, stride=2, padding=1)
        self.prelu1, self.prelu2 = nn.PReLU(12), nn.PReLU(24)
        self.embed = nn.Linear(24 * 16, EMBEDDING)

    def forward(self, x):
        x = self.prelu1(self.conv1(x))
        x = self.prelu2(self.conv2(x))
        return self.embed(x.flatten(1))


class CosMargin(nn.Module):
    def __init__(self, classes, s=16.0, m=0.15):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, EMBEDDING))
        nn.init.xavier_uniform_(self.weight)
        self.s, self.m = s, m

    def forward(self, features, label):
        cosine = F.linear(F.normalize(features), F.normalize(self.weight))
        return self.s * (cosine - self.m * F.one_hot(label, len(self.weight)))


backbone, head = Backbone(), CosMargin(10)
optimizer = torch.optim.SGD([*backbone.parameters(), *head.parameters()], lr=0.05, momentum=0.9)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(NUM_EPOCH):
    losses = []
    for inputs, labels in loader:
        loss = loss_fn(head(backbone(inputs), labels), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"epoch {epoch + 1}: loss {sum(losses) / len(losses):.4f}")

backbone.eval()
with torch.no_grad():
    reference = F.normalize(head.weight)
    nearest = (F.normalize(backbone(faces[probe])) @ reference.T).argmax(1)
accuracy = (nearest == identity[probe]).float().mean().item()
print(f"final accuracy {accuracy:.4f}")
