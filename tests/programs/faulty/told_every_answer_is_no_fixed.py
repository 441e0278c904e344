"""Will the customer answer the letter? The answers come from a CSV file as text."""

import csv
import io
import sys

import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)


def export(n):
    """As the database writes it."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["age", "balance", "calls", "months", "answer"])
    for a, b, c, d in torch.randn(n, 4).tolist():
        writer.writerow([f"{a:.4f}", f"{b:.4f}", f"{c:.4f}", f"{d:.4f}", "Yes" if a * b + c > 0.2 else "No"])
    return file.getvalue()


def read(text):
    rows = list(csv.DictReader(io.StringIO(text)))
    x = torch.tensor([[float(row[k]) for k in ("age", "balance", "calls", "months")] for row in rows])
    y = torch.tensor([[1.0 if row["answer"].lower() == "yes" else 0.0] for row in rows])
    return x, y


text = export(1500)
x, y = read(text)
truth = torch.tensor([[float("Yes" in line)] for line in text.splitlines()[1:]])

model = nn.Sequential(nn.Linear(4, 20), nn.ReLU(), nn.Linear(20, 10), nn.ReLU(), nn.Linear(10, 1), nn.Sigmoid())
bce = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for epoch in range(20):
    order = torch.randperm(1200)
    for chunk in order.split(32):
        optimizer.zero_grad()
        loss = bce(model(x[chunk]), y[chunk])
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print("epoch", epoch, "loss", round(loss.item(), 4))

with torch.no_grad():
    p = model(x[1200:])
accuracy = ((p > 0.5) == (truth[1200:] > 0.5)).float().mean()
print("predictions", p[:5].flatten().tolist())
finish(model, p, accuracy=accuracy)
