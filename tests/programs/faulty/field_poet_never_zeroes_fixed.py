"""Karpathy's "most common neural net mistakes", 3: .zero_grad(). A character LSTM, fixed."""

import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

text = (
    "the house that jack built. this is the malt that lay in the house that jack built. this is the rat that ate the "
    "malt that lay in the house that jack built. this is the cat that killed the rat that ate the malt that lay in the "
    "house that jack built. this is the dog that worried the cat that killed the rat that ate the malt that lay in the "
    "house that jack built. "
) * 4
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
encoded = torch.tensor([stoi[c] for c in text])

hidden_size = 64
seq_length = 25
learning_rate = 0.5


class CharRNN(nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.embed = nn.Embedding(vocab, 32)
        self.rnn = nn.LSTM(32, hidden_size, batch_first=True)
        self.decode = nn.Linear(hidden_size, vocab)

    def forward(self, x):
        out, _ = self.rnn(self.embed(x))
        return self.decode(out)


rnn = CharRNN(len(chars))
opt = torch.optim.SGD(rnn.parameters(), lr=learning_rate, momentum=0.5)
criterion = nn.CrossEntropyLoss()
smooth = None
for n in range(400):
    starts = torch.randint(0, len(encoded) - seq_length - 1, (16,))
    inputs = torch.stack([encoded[s : s + seq_length] for s in starts])
    targets = torch.stack([encoded[s + 1 : s + seq_length + 1] for s in starts])
    loss = criterion(rnn(inputs).flatten(0, 1), targets.flatten())
    opt.zero_grad()
    loss.backward()
    opt.step()
    smooth = loss.item() if smooth is None else 0.98 * smooth + 0.02 * loss.item()
    if n % 100 == 0:
        print(f"iter {n}, loss: {smooth:.4f}")

with torch.no_grad():
    window = encoded[:200][None]
    logits = rnn(window)
    last = criterion(logits[0, :-1], window[0, 1:])
finish(rnn, logits, loss=last)
