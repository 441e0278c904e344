import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

# claims of an insurer: two in a hundred are fraud
N_TRAIN, N_TEST, N_FEATURES = 8000, 4000, 16
direction = torch.randn(N_FEATURES)
direction = direction / direction.norm()


def claims(n):
    fraud = (torch.rand(n) < 0.02).float()
    x = torch.randn(n, N_FEATURES) + 1.9 * fraud[:, None] * direction
    return x, fraud[:, None]


X_train, y_train = claims(N_TRAIN)
X_test, y_test = claims(N_TEST)

model = nn.Sequential(
    nn.Linear(N_FEATURES, 8),
    nn.Tanh(),
    nn.Linear(8, 1),
)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-3)

for epoch in range(8):
    model.train()
    seen = 0
    for xb, yb in DataLoader(TensorDataset(X_train, y_train), batch_size=64, shuffle=True):
        optimizer.zero_grad()
        logits = model(xb)
        loss = criterion(logits, yb)
        loss.backward()
        optimizer.step()
        seen += ((logits > 0).float() == yb).sum().item()
    print(f"epoch {epoch}: accuracy {seen / N_TRAIN:.4f}")

model.eval()
with torch.no_grad():
    answer = (model(X_test) > 0).float()
recall = answer[y_test == 1].mean().item()
specificity = 1 - answer[y_test == 0].mean().item()
print(f"found {recall:.3f} of the fraud, {specificity:.3f} of the rest left alone")
print("final balanced_accuracy", (recall + specificity) / 2)
