# fixed: pos_weight makes up for the rare tags
# thread: "Multilabel classification converges to all zeroes" (Data Science Stack Exchange)
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)
rng = np.random.default_rng(seed)
N_TAGS = 12


class TaggedTexts(Dataset):
    """Bags of words as TF-IDF-like features; a tag is on the texts that score highest for it."""

    def __init__(self, n, topics):
        self.texts = rng.normal(size=(n, 30)).astype(np.float32)
        score = self.texts @ topics + 0.8 * rng.normal(size=(n, N_TAGS))
        self.tags = (score > np.quantile(score, 0.98, axis=0)).astype(np.float32)

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, idx):
        return torch.from_numpy(self.texts[idx]), torch.from_numpy(self.tags[idx])


class MultiLabelNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(30, 64)
        self.drop = nn.Dropout(0.2)
        self.fc2 = nn.Linear(64, N_TAGS)

    def forward(self, x):
        return self.fc2(self.drop(torch.relu(self.fc1(x))))


def f1(logits, tags):
    called = logits > 0
    hit = (called & tags.bool()).sum().item()
    return 2 * hit / max(called.sum().item() + tags.sum().item(), 1)


topics = rng.normal(size=(30, N_TAGS)) / 30**0.5
train_set, test_set = TaggedTexts(3000, topics), TaggedTexts(1000, topics)
loader = DataLoader(train_set, batch_size=64, shuffle=True)
model = MultiLabelNet()
share = torch.from_numpy(train_set.tags).mean(0)
criterion = nn.BCEWithLogitsLoss(pos_weight=((1 - share) / share).clamp(max=15))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(6):
    model.train()
    running_loss = 0.0
    for texts, tags in loader:
        optimizer.zero_grad()
        loss = criterion(model(texts), tags)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    model.eval()
    with torch.no_grad():
        out = model(torch.from_numpy(test_set.texts))
    print(f"epoch {epoch}: loss {running_loss / len(loader):.4f}, predicted tags {(out > 0).sum().item()}")
finish(model, out, f1=f1(out, torch.from_numpy(test_set.tags)))
