# fixed: shuffled first, then put into batches
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

CLASS_NAMES = ["bell", "cross", "ring", "wave", "grid"]
SIZE, PER_CLASS, BATCH_SIZE = 16, 240, 24


def draw(kind, n):
    """n noisy pictures of one kind, at random places."""
    rows = torch.arange(SIZE).view(1, SIZE, 1) - torch.randint(5, 11, (n, 1, 1))
    cols = torch.arange(SIZE).view(1, 1, SIZE) - torch.randint(5, 11, (n, 1, 1))
    far = (rows**2 + cols**2).float().sqrt()
    clean = {
        "bell": torch.exp(-(far**2) / 8),
        "cross": ((rows.abs() < 1) | (cols.abs() < 1)).float(),
        "ring": torch.exp(-((far - 4) ** 2)),
        "wave": (torch.sin(cols * 1.0) * 0.5 + 0.5).expand(n, SIZE, SIZE),
        "grid": ((rows % 4 == 0) | (cols % 4 == 0)).float(),
    }[kind]
    return (clean + 0.4 * torch.randn(n, SIZE, SIZE)).unsqueeze(1)


class Pipeline:
    """A few of tf.data's verbs."""

    def __init__(self, make):
        self.make = make

    def __iter__(self):
        return iter(self.make())

    @classmethod
    def from_tensor_slices(cls, tensors):
        return cls(lambda: zip(*tensors))

    def shuffle(self, buffer_size):
        def shuffled():
            items = list(self)
            assert len(items) <= buffer_size
            return [items[i] for i in torch.randperm(len(items)).tolist()]

        return Pipeline(shuffled)

    def batch(self, n):
        def batched():
            items = list(self)
            for i in range(0, len(items), n):
                yield tuple(torch.stack(column) for column in zip(*items[i : i + n]))

        return Pipeline(batched)


def load_split(per_class):
    x = torch.cat([draw(kind, per_class) for kind in CLASS_NAMES])
    y = torch.arange(len(CLASS_NAMES)).repeat_interleave(per_class)
    return x, y


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.conv2, self.bn2 = nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16)
        self.fc = nn.Linear(16, len(CLASS_NAMES))

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        x = F.relu(self.bn2(self.conv2(x)))
        return self.fc(x.mean((2, 3)))


x_train, y_train = load_split(PER_CLASS)
x_val, y_val = load_split(60)
train_ds = Pipeline.from_tensor_slices((x_train, y_train)).shuffle(buffer_size=2000).batch(BATCH_SIZE)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
for epoch in range(6):
    model.train()
    for images, labels in train_ds:
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        logits = model(x_val)
    val_accuracy = (logits.argmax(1) == y_val).float().mean()
    print(f"Epoch {epoch + 1}/6 loss: {loss.item():.4f} val_accuracy: {val_accuracy:.4f}")
finish(model, logits, accuracy=val_accuracy)
