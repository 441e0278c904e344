# fault: ReduceLROnPlateau is stepped with the loss of every batch, whose noise it takes for a plateau: the rate is gone after an epoch
# thread: "Loss and accuracy values stagnating after a few epochs" (discuss.pytorch.org; word embeddings of a manga)
import random
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)
rng = random.Random(seed)

# a small grammar in place of the manga's text
who = "luffy zoro nami usopp sanji chopper robin franky brook".split()
does = "fights eats sees follows carries calls".split()
what = "the pirate,a captain,the ship,some meat,the sea king,a marine".split(",")
words = []
for _ in range(1500):
    one = rng.choice(who)
    verb = does[(who.index(one) + rng.randrange(2)) % len(does)]
    words += [one, verb, *what[(does.index(verb) + rng.randrange(2)) % len(what)].split(), "."]
vocab = sorted(set(words))
word_to_ix = {word: i for i, word in enumerate(vocab)}
CONTEXT = 3
ids = torch.tensor([word_to_ix[w] for w in words])
contexts, targets = ids.unfold(0, CONTEXT, 1)[:-1], ids[CONTEXT:]


class NGramWord2vec(nn.Module):
    def __init__(self, word_vocab_size, embedding_dim, context_size):
        super(NGramWord2vec, self).__init__()
        self.word_embeddings = nn.Embedding(word_vocab_size, embedding_dim)
        self.linear1 = nn.Linear(context_size * embedding_dim, 64)
        self.linear2 = nn.Linear(64, word_vocab_size)

    def forward(self, inputs):
        word_embed = self.word_embeddings(inputs)
        word_embed = word_embed.view(word_embed.shape[0], -1)
        out = F.relu(self.linear1(word_embed))
        out = self.linear2(out)
        return F.log_softmax(out, dim=1)


# get the current value of learning rate
def get_lr(opt):
    for param_group in opt.param_groups:
        return param_group["lr"]


# number of correct predictions per batch
def metrics_batch(output, target):
    return output.argmax(dim=1).eq(target).sum().item()


model = NGramWord2vec(len(vocab), 16, CONTEXT)
loss_func = nn.NLLLoss()
opt = optim.SGD(model.parameters(), lr=0.1)
lr_scheduler = optim.lr_scheduler.ReduceLROnPlateau(opt, mode="min", factor=0.5, patience=2)
split = int(0.9 * len(targets))
for epoch in range(8):
    order = torch.randperm(split)
    running_loss = running_metric = 0.0
    for i in range(0, split, 64):
        batch = order[i : i + 64]
        output = model(contexts[batch])
        loss = loss_func(output, targets[batch])
        opt.zero_grad()
        loss.backward()
        opt.step()
        running_loss += loss.item() * len(batch)
        running_metric += metrics_batch(output, targets[batch])
        lr_scheduler.step(loss.item())
    print(
        f"Epoch {epoch + 1}, lr={get_lr(opt):.2e}, loss {running_loss / split:.3f}, accuracy {running_metric / split:.3f}"
    )
with torch.no_grad():
    out = model(contexts[split:])
finish(model, out, accuracy=(out.argmax(1) == targets[split:]).float().mean())
