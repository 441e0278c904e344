# fault: where a sentence is empty every key is masked, and the softmax over nothing but -inf is NaN, then every weight is
# As in https://github.com/pytorch/pytorch/issues/40932
import random
import sys

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)
PAD = 0


def review():
    """Words 1 to 40; the more of them are small, the better the review. Some customers leave the field empty."""
    if random.random() < 0.01:
        return [], random.randint(0, 1)
    likes = random.random()
    words = [
        random.randint(1, 20) if random.random() < likes else random.randint(21, 40)
        for _ in range(random.randint(3, 15))
    ]
    return words, int(likes > 0.5)


def collate(batch):
    words = [torch.tensor(w, dtype=torch.long) for w, _ in batch]
    return pad_sequence(words, batch_first=True, padding_value=PAD), torch.tensor([y for _, y in batch])


class EncoderLayer(nn.Module):
    def __init__(self, embed_dim, num_heads, dropout=0.1):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(embed_dim, num_heads, dropout=dropout, batch_first=True)
        self.linear = nn.Sequential(
            nn.Linear(embed_dim, 2 * embed_dim), nn.ReLU(), nn.Linear(2 * embed_dim, embed_dim)
        )
        self.norm1 = nn.LayerNorm(embed_dim)
        self.norm2 = nn.LayerNorm(embed_dim)

    def forward(self, src, src_key_padding_mask):
        out, attn = self.self_attn(src, src, src, key_padding_mask=src_key_padding_mask)
        src = self.norm1(src + out)
        return self.norm2(src + self.linear(src))


class ReviewModel(nn.Module):
    def __init__(self, embed_dim=32):
        super().__init__()
        self.embed = nn.Embedding(41, embed_dim, padding_idx=PAD)
        self.layer = EncoderLayer(embed_dim, 4)
        self.out = nn.Linear(embed_dim, 2)

    def forward(self, tokens):
        mask = tokens == PAD
        h = self.layer(self.embed(tokens), mask)
        keep = (~mask).unsqueeze(-1).float()
        return self.out((h * keep).sum(1) / keep.sum(1).clamp(min=1))


train = [review() for _ in range(2000)]
test = [r for r in (review() for _ in range(600)) if r[0]]
loader = DataLoader(train, batch_size=40, shuffle=True, collate_fn=collate)
model = ReviewModel()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()
for epoch in range(6):
    model.train()
    for tokens, target in loader:
        optimizer.zero_grad()
        loss = criterion(model(tokens), target)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: loss {loss.item():.4f}")
model.eval()
tokens, target = collate(test)
with torch.no_grad():
    out = model(tokens)
finish(model, out, accuracy=(out.argmax(1) == target).float().mean())
