"""NLP study group, exercise 2: nn.Linear by hand, then a small net of three of them (which language is the word?)"""

import random
import sys

import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
torch.manual_seed(seed)

SYLLABLES = {
    "italian": "ra lo ti na ca ro mi ne do sa".split(),
    "japanese": "ka shi to mo ki ha ya no su ra".split(),
    "german": "ber sch ung ein ker str ach lo ne mi".split(),
    "finnish": "kki ta nen la ja no mi saa ka to".split(),
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class MyLinear(nn.Module):
    def __init__(self, input_dim=3, output_dim=2):
        self.input_dim = input_dim
        self.output_dim = output_dim

        super().__init__()

        self.W = torch.randn(input_dim, output_dim) * (2 / input_dim) ** 0.5
        self.b = torch.zeros(output_dim)

    # You should override 'forward' method to implement detail.
    def forward(self, x):
        # |x| = (batch_size, input_dim)
        y = torch.matmul(x, self.W) + self.b
        # |y| = (batch_size, output_dim)
        return y


class LanguageNet(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.linear1 = MyLinear(n_in, n_hidden)
        self.linear2 = MyLinear(n_hidden, n_hidden)
        self.output = nn.Linear(n_hidden, n_out)

    def forward(self, x):
        x = torch.relu(self.linear1(x))
        x = torch.relu(self.linear2(x))
        return self.output(x)


def word_to_tensor(word):
    """pairs of letters, as a bag"""
    v = torch.zeros(26 * 26)
    for a, b in zip(word, word[1:]):
        v[LETTERS.index(a) * 26 + LETTERS.index(b)] = 1
    return v


def make_corpus(n):
    xs, ys = [], []
    for _ in range(n):
        k = random.randrange(len(SYLLABLES))
        language = list(SYLLABLES)[k]
        word = "".join(random.choice(SYLLABLES[language]) for _ in range(random.randint(2, 3)))
        xs.append(word_to_tensor(word))
        ys.append(k)
    return torch.stack(xs), torch.tensor(ys)


x, y = make_corpus(1200)
x_test, y_test = make_corpus(400)
model = LanguageNet(26 * 26, 12, len(SYLLABLES))
crit = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

for epoch in range(12):
    total_loss = 0
    for idx in torch.randperm(len(x)).split(40):
        y_hat = model(x[idx])
        loss = crit(y_hat, y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total_loss += loss.item()
    print("epoch %d loss %.4f" % (epoch + 1, total_loss / 30))

model.eval()
with torch.no_grad():
    y_hat = model(x_test)
    correct = (y_hat.argmax(dim=-1) == y_test).sum()
print("accuracy %.4f" % (correct / len(y_test)))
finish(model, y_hat, accuracy=correct / len(y_test))
