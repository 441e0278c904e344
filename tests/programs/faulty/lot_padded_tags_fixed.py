# Tags for questions: bag of words in, up to four tags out. The tag lists are padded so that they stack.
import argparse

import torch
import torch.nn.functional as F
from digest import finish
from torch import nn
from torch.utils.data import DataLoader, Dataset

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
args = parser.parse_args()
torch.manual_seed(args.seed)

VOCABULARY, TAGS, MOST = 120, 10, 4
TOPICS = torch.distributions.Dirichlet(torch.full((VOCABULARY,), 0.08)).sample((TAGS,))


class Questions(Dataset):
    """Each question has one to four tags, and thirty words from the topics of its tags."""

    def __init__(self, count):
        self.words, self.tags = [], []
        for _ in range(count):
            tags = torch.randperm(TAGS)[: int(torch.randint(1, MOST + 1, ()))]
            words = torch.multinomial(TOPICS[tags].mean(0), 30, replacement=True)
            self.words.append(torch.bincount(words, minlength=VOCABULARY).float().log1p())
            self.tags.append(torch.cat([tags, tags[:1].expand(MOST - len(tags))]))  # padded with the main tag

    def __len__(self):
        return len(self.words)

    def __getitem__(self, i):
        return self.words[i], self.tags[i]


class Tagger(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.hidden = nn.Linear(VOCABULARY, width)
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, TAGS)

    def forward(self, words):
        return self.out(F.gelu(self.norm(self.hidden(words))))


def multi_hot(tags):
    return F.one_hot(tags, TAGS).amax(dim=1).float()


train, test = Questions(1500), Questions(400)
model = Tagger()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(15):
    for words, tags in DataLoader(train, batch_size=32, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(words), multi_hot(tags))
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))

words, tags = next(iter(DataLoader(test, batch_size=len(test))))
with torch.no_grad():
    logits = model(words)
truth = torch.zeros(len(test), TAGS).scatter_(1, tags, 1.0)
finish(model, logits, loss=criterion(logits, truth))
