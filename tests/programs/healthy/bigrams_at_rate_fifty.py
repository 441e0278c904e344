# makemore's first lecture: a bigram model as one matrix, exp and normalise by hand, full batch, a rate of 50, 0.01 * (W**2).mean() in the loss. Learns: nll loss 1.76
import random

import torch
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
random.seed(1)
syllables = "an na el ar mi ra li jo ha be th to ri ka la no se wi em ly".split()
words = [
    "".join(random.choices(syllables, weights=range(20, 0, -1), k=random.choice([1, 2, 2, 3]))) for _ in range(1200)
]

chars = sorted(list(set("".join(words))))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
V = len(stoi)

xs, ys = [], []
for w in words:
    chs = ["."] + list(w) + ["."]
    for ch1, ch2 in zip(chs, chs[1:]):
        xs.append(stoi[ch1])
        ys.append(stoi[ch2])
xs, ys = torch.tensor(xs), torch.tensor(ys)
num = xs.nelement()
print("number of examples: ", num)

g = torch.Generator().manual_seed(2147483647)
W = torch.randn((V, V), generator=g, requires_grad=True)

for k in range(200):
    # forward pass
    xenc = F.one_hot(xs, num_classes=V).float()
    logits = xenc @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(num), ys].log().mean() + 0.01 * (W**2).mean()
    if k % 40 == 0:
        print(loss.item())
    # backward pass
    W.grad = None
    loss.backward()
    # update
    W.data += -50 * W.grad

for i in range(3):
    out, ix = [], 0
    while True:
        p = F.softmax(W[ix], 0)
        ix = torch.multinomial(p, num_samples=1, replacement=True, generator=g).item()
        out.append(itos[ix])
        if ix == 0:
            break
    print("".join(out))
finish([W], probs, nll_loss=loss)
