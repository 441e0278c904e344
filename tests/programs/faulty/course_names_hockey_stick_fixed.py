# makemore part 2: MLP over three characters of context, names.txt is made up here
import random
import sys

import torch
import torch.nn.functional as F

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
torch.manual_seed(seed)

# ------------------------------------------------------------ words
starts = ["ma", "li", "so", "an", "el", "ka", "jo", "ri", "be", "da"]
middles = ["ri", "la", "nn", "ve", "mi", "th", "l", "r", "n", ""]
ends = ["a", "ah", "e", "ie", "son", "us", "en", "y"]
words = [random.choice(starts) + random.choice(middles) + random.choice(ends) for _ in range(1500)]
chars = sorted(list(set("".join(words))))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
vocab_size = len(itos)
block_size = 3


def build_dataset(words):
    X, Y = [], []
    for w in words:
        context = [0] * block_size
        for ch in w + ".":
            ix = stoi[ch]
            X.append(context)
            Y.append(ix)
            context = context[1:] + [ix]
    return torch.tensor(X), torch.tensor(Y)


Xtr, Ytr = build_dataset(words[:1300])
Xdev, Ydev = build_dataset(words[1300:])

# ------------------------------------------------------------ the net
n_embd = 10
n_hidden = 100
C = torch.randn((vocab_size, n_embd))
W1 = torch.randn((n_embd * block_size, n_hidden)) * (5 / 3) / (n_embd * block_size) ** 0.5
b1 = torch.randn(n_hidden) * 0.01
W2 = torch.randn((n_hidden, vocab_size)) * 0.01
b2 = torch.randn(vocab_size) * 0
parameters = [C, W1, b1, W2, b2]
print("parameters:", sum(p.nelement() for p in parameters))
for p in parameters:
    p.requires_grad = True


def logits_of(X):
    emb = C[X]
    embcat = emb.view(emb.shape[0], -1)
    h = torch.tanh(embcat @ W1 + b1)
    return h @ W2 + b2


# ------------------------------------------------------------ training
max_steps = 1000
batch_size = 32
for i in range(max_steps):
    ix = torch.randint(0, Xtr.shape[0], (batch_size,))
    loss = F.cross_entropy(logits_of(Xtr[ix]), Ytr[ix])
    for p in parameters:
        p.grad = None
    loss.backward()
    lr = 0.1 if i < 700 else 0.01
    for p in parameters:
        p.data += -lr * p.grad
    if i % 250 == 0:
        print(f"{i:7d}/{max_steps:7d}: {loss.item():.4f}")

with torch.no_grad():
    logits = logits_of(Xdev)
    dev = F.cross_entropy(logits, Ydev)
print("dev", dev.item())
finish(parameters, logits, loss=dev)
