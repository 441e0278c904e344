import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


class Classifier(nn.Module):
    def __init__(self, keep=0.8):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.drop1 = nn.Dropout(keep)
        self.dense = nn.Linear(32 * 4 * 4, 64)
        self.drop2 = nn.Dropout(keep)
        self.logits = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = self.drop1(x.flatten(1))
        x = self.drop2(F.relu(self.dense(x)))
        return self.logits(x)


def main(seed):
    np.random.seed(seed)
    torch.manual_seed(seed)
    images, labels = load_digits(return_X_y=True)
    images = (images.reshape(-1, 1, 8, 8).astype("float32") - 4.88) / 6.02
    split = train_test_split(images, labels, test_size=0.25, random_state=seed, stratify=labels)
    x_train, x_test, y_train, y_test = (torch.as_tensor(part) for part in split)

    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(6):
        model.train()
        losses = []
        for batch in np.array_split(np.random.permutation(len(x_train)), 21):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x_train[batch]), y_train[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            acc = (model(x_test).argmax(1) == y_test).float().mean().item()
            val = F.cross_entropy(model(x_test), y_test).item()
        print(f"epoch {epoch}: loss {np.mean(losses):.3f}  val loss {val:.3f}  val acc {acc:.3f}")
    print(f"final loss {val}")


main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
