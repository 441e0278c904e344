# nn.RNN over one-hot letters (language of made-up words), Adam, clipped gradients. Learns: MEASURED
import random
import string

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
rng = random.Random(7)

letters = string.ascii_lowercase
SYLLABLES = {
    "ka": ["ka", "ko", "shi", "ta", "mi", "ro", "na"],
    "it": ["ri", "no", "lla", "tto", "ci", "ma", "gio"],
    "de": ["sch", "ung", "er", "stein", "wald", "ber", "en"],
}
languages = list(SYLLABLES)


def make_word(language):
    return "".join(rng.choice(SYLLABLES[language]) for _ in range(rng.randint(2, 4)))[:10]


def one_hot(word):
    t = torch.zeros(10, 26)
    for i, letter in enumerate(word):
        t[i, letters.index(letter)] = 1
    return t


labels = torch.tensor([rng.randrange(3) for _ in range(900)])
words = torch.stack([one_hot(make_word(languages[k])) for k in labels])


class RNN(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.rnn = nn.RNN(26, hidden, batch_first=True)
        self.out = nn.Linear(hidden, 3)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.out(h[-1])


model = RNN()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss()
for it in range(250):
    i = torch.randint(0, 700, (32,))
    loss = loss_fn(model(words[i]), labels[i])
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    opt.step()
    if it % 50 == 0:
        print(f"{it:4d} {loss.item():.4f}")

with torch.no_grad():
    out = model(words[700:])
finish(model, out, accuracy=(out.argmax(1) == labels[700:]).float().mean())
