import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

VOCAB, EMBEDDINGS_DIM, HIDDEN_SIZE, OUTPUT_SIZE, LENGTH = 3000, 300, 256, 1, 12
EPOCHS = 20
EARLY_STOP = True

# stands for the FastText vectors, and for a review whose words lean to one side; every fifth label is wrong
embedding_matrix = torch.randn(VOCAB, EMBEDDINGS_DIM) * 0.15
leaning = embedding_matrix @ torch.randn(EMBEDDINGS_DIM)


def reviews(n):
    words = torch.randint(VOCAB, (n, LENGTH))
    label = (leaning[words].sum(1) > 0).float()
    flip = torch.rand(n) < 0.2
    return TensorDataset(words, torch.where(flip, 1 - label, label).unsqueeze(1))


train_data, val_data = reviews(1500), reviews(1000)


class FeedForward(nn.Module):
    def __init__(self, output_size, embedding_dim, hidden_size, dropout=0.2):
        super(FeedForward, self).__init__()
        self.embedding = nn.Embedding.from_pretrained(embedding_matrix)
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(in_features=embedding_dim, out_features=hidden_size),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(in_features=hidden_size, out_features=hidden_size // 2),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(in_features=hidden_size // 2, out_features=output_size),
            nn.Sigmoid(),
        )

    def forward(self, input):
        emb = self.embedding(input)
        emb = torch.sum(emb, dim=1)
        out = self.linear_relu_stack(emb)
        return out


model = FeedForward(OUTPUT_SIZE, EMBEDDINGS_DIM, HIDDEN_SIZE, 0.4)
loss_function = nn.BCELoss()
optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3, weight_decay=1e-7)
train_loader = DataLoader(train_data, batch_size=64, shuffle=True)
val_loader = DataLoader(val_data, batch_size=250)

best, best_state = float("inf"), None
for epoch in range(EPOCHS):
    model.train()
    for X, y in train_loader:
        optimizer.zero_grad()
        loss = loss_function(model(X), y)
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        outs = [(model(X), y) for X, y in val_loader]
        val_loss = sum(loss_function(p, y).item() for p, y in outs) / len(outs)
        val_acc = sum(((p > 0.5) == y).float().mean().item() for p, y in outs) / len(outs)
    print(f"epoch {epoch}: train {loss.item():.4f} val {val_loss:.4f} acc {val_acc:.4f}")
    if val_loss < best:
        best, best_state, bad = val_loss, {k: v.clone() for k, v in model.state_dict().items()}, 0
    else:
        bad += 1
    if EARLY_STOP and bad == 2:
        model.load_state_dict(best_state)
        val_loss = best
        break

finish(model, outs[0][0], val_loss=val_loss)
