# fault: the attention of a tutorial has time first and softmax(dim=0); here the batch comes first
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Attention(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.proj = nn.Linear(hidden_size, hidden_size)
        self.score = nn.Linear(hidden_size, 1, bias=False)

    def forward(self, outputs):
        energy = self.score(torch.tanh(self.proj(outputs))).squeeze(-1)
        weights = F.softmax(energy, dim=0)
        return torch.bmm(weights.unsqueeze(1), outputs).squeeze(1)


class IntentClassifier(nn.Module):
    def __init__(self, vocab=40, emb=16, hidden_size=24, intents=8):
        super().__init__()
        self.embed = nn.Embedding(vocab, emb)
        self.rnn = nn.GRU(emb, hidden_size, batch_first=True)
        self.attn = Attention(hidden_size)
        self.out = nn.Linear(hidden_size, intents)

    def forward(self, tokens):
        outputs, _ = self.rnn(self.embed(tokens))
        return self.out(self.attn(outputs))


# token 0 means "please"; the word after it tells the intent
def utterances(n, length=14):
    tokens = torch.randint(1, 40, (n, length))
    place = torch.randint(0, length - 1, (n,))
    intent = torch.randint(0, 8, (n,))
    tokens[torch.arange(n), place] = 0
    tokens[torch.arange(n), place + 1] = intent + 1
    return tokens, intent


train = DataLoader(TensorDataset(*utterances(3000)), batch_size=50, shuffle=True)
test_tokens, test_intent = utterances(500)
net = IntentClassifier()
optim = torch.optim.Adam(net.parameters(), lr=0.004)
for epoch in range(8):
    correct = 0
    for tokens, intent in train:
        optim.zero_grad()
        logits = net(tokens)
        F.cross_entropy(logits, intent).backward()
        optim.step()
        correct += (logits.argmax(1) == intent).sum().item()
    print("epoch", epoch, "train accuracy", correct / 3000)
with torch.no_grad():
    logits = net(test_tokens)
finish(net, logits, accuracy=(logits.argmax(1) == test_intent).float().mean())
