"""Sentiment of short made-up reviews: embedding, GRU, one logit; L2 on all weights "against overfitting"."""

import sys

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
WORDS, LONGEST, L2 = 60, 14, 1e-5


def reviews(n):
    # Words 1-9 praise, 10-19 blame, 20-24 turn the next word around, the others say nothing; 0 pads.
    text = torch.randint(20, WORDS, (n, LONGEST))
    strong = torch.rand(n, LONGEST) < 0.35
    text = torch.where(strong, torch.randint(1, 20, (n, LONGEST)), text)
    lengths = torch.randint(6, LONGEST + 1, (n,))
    text[torch.arange(LONGEST) >= lengths[:, None]] = 0
    mood = ((text > 0) & (text < 10)).float() - ((text > 9) & (text < 20)).float()
    turned = torch.cat([torch.zeros(n, 1, dtype=torch.bool), (text >= 20) & (text < 25)], 1)[:, :-1]
    score = torch.where(turned, -mood, mood).sum(1)
    keep = score != 0
    return text[keep], lengths[keep], (score[keep] > 0).float()


class Sentiment(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 16, padding_idx=0)
        self.gru = nn.GRU(16, 32, batch_first=True)
        self.out = nn.Linear(32, 1)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.embedding(text), lengths, batch_first=True, enforce_sorted=False)
        _, state = self.gru(packed)
        return self.out(state[-1]).squeeze(1)


text, lengths, label = reviews(2000)
test_text, test_lengths, test_label = reviews(500)
model = Sentiment()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(10):
    model.train()
    for rows in torch.randperm(len(text)).split(50):
        loss = criterion(model(text[rows], lengths[rows]), label[rows])
        penalty = sum(p.pow(2).sum() for p in model.parameters())
        loss = loss + L2 * penalty
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        guess = model(test_text, test_lengths) > 0
    accuracy = (guess == test_label.bool()).float().mean().item()
    print(f"epoch {epoch}: loss {loss.item():.3f} accuracy {accuracy:.3f}")
print("final accuracy", accuracy)
