# fixed: the softmax goes over the words of each question
# As in https://github.com/DEEP-PolyU/KEQA_WSDM19/issues/2
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

VOCAB, LENGTH, RELATIONS = 60, 20, 12


def make_questions(n):
    """Of twenty words one is a relation's; it comes after the word 1 ("about")."""
    words = torch.randint(2, VOCAB, (LENGTH, n))
    relation = torch.randint(RELATIONS, (n,))
    position = torch.randint(LENGTH - 1, (n,))
    words[position, torch.arange(n)] = 1
    words[position + 1, torch.arange(n)] = 2 + 4 * relation + torch.randint(4, (n,))
    return words, relation


class EmbedVector(nn.Module):
    def __init__(self, d_embed=32, d_hidden=16):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, d_embed)
        self.gru = nn.GRU(d_embed, d_hidden, bidirectional=True)
        self.attn = nn.Sequential(nn.Linear(d_hidden * 2 + d_embed, d_hidden), nn.Tanh(), nn.Linear(d_hidden, 1))
        self.out = nn.Linear(d_embed, RELATIONS)

    def forward(self, text):
        x = self.embed(text)
        outputs, _ = self.gru(x)
        features = torch.cat((x, outputs), dim=2)
        seq_len, batch_size = text.shape
        scores = self.attn(features.view(seq_len * batch_size, -1))
        weights = F.softmax(scores.view(seq_len, batch_size, 1), dim=0)
        return self.out((weights * x).sum(0))


model = EmbedVector()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
text, label = make_questions(2000)
test_text, test_label = make_questions(1000)
for epoch in range(10):
    model.train()
    total = 0
    for index in torch.randperm(2000).split(60):
        optimizer.zero_grad()
        loss = criterion(model(text[:, index]), label[index])
        loss.backward()
        optimizer.step()
        total += loss.item()
    print("Epoch %d loss %.4f" % (epoch, total / 33))
model.eval()
with torch.no_grad():
    answer = model(test_text)
finish(model, answer, accuracy=(answer.argmax(1) == test_label).float().mean())
