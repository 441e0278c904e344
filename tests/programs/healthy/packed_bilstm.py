# A bidirectional two-layer LSTM over packed sequences of very unequal length, dropout between, BCE on one logit. Learns: accuracy 0.86
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class Reviews(Dataset):
    """Token 1 is good, 2 is bad, 3 turns the next one round, the others say nothing."""

    def __init__(self, n):
        self.items = []
        for _ in range(n):
            tokens = torch.randint(1, 30, (int(torch.randint(3, 25, (1,))),))
            tokens[torch.rand(len(tokens)) < 0.15] = 3
            score, flip = 0, 1
            for t in tokens.tolist():
                score += flip * ((t < 8 and t != 3) - (t > 22))
                flip = -1 if t == 3 else 1
            self.items.append((tokens, float(score > 0)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


def collate(batch):
    batch.sort(key=lambda item: len(item[0]), reverse=True)
    texts, labels = zip(*batch)
    return pad_sequence(texts, batch_first=True), torch.tensor([len(t) for t in texts]), torch.tensor(labels)


class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(30, 16, padding_idx=0)
        self.rnn = nn.LSTM(16, 24, num_layers=2, bidirectional=True, dropout=0.2, batch_first=True)
        self.fc = nn.Linear(48, 1)
        self.dropout = nn.Dropout(0.2)

    def forward(self, text, lengths):
        packed = pack_padded_sequence(self.dropout(self.embedding(text)), lengths, batch_first=True)
        out, (h, c) = self.rnn(packed)
        out, _ = pad_packed_sequence(out, batch_first=True)
        pooled = out.sum(1) / lengths.unsqueeze(1)
        return self.fc(self.dropout(pooled)).squeeze(1)


def binary_accuracy(preds, y):
    return ((preds > 0).float() == y).float().mean().item()


model = RNN()
train, test = (
    DataLoader(Reviews(1200), 48, shuffle=True, collate_fn=collate),
    DataLoader(Reviews(300), 300, collate_fn=collate),
)
optimizer = torch.optim.Adam(model.parameters(), lr=6e-3)
criterion = nn.BCEWithLogitsLoss()
for epoch in range(5):
    model.train()
    acc = []
    for text, lengths, label in train:
        optimizer.zero_grad()
        predictions = model(text, lengths)
        loss = criterion(predictions, label)
        loss.backward()
        optimizer.step()
        acc.append(binary_accuracy(predictions, label))
    model.eval()
    with torch.no_grad():
        for text, lengths, label in test:
            out = model(text, lengths)
            val = criterion(out, label)
    print(
        f"Epoch {epoch + 1:02} | train acc {sum(acc) / len(acc):.3f} | val loss {val.item():.3f} | val acc {binary_accuracy(out, label):.3f}"
    )
finish(model, out, accuracy=binary_accuracy(out, label))
