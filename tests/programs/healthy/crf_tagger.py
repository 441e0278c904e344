# A BiLSTM-CRF written by hand, one sentence at a time: forward algorithm by logsumexp, Viterbi, START and STOP at -10000. Learns: accuracy 1
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(1)
torch.set_num_threads(1)
START, STOP = 3, 4


def sentence():
    """Words 0..9; a tag I (1) may only follow B (0): the tag of words 5..9 depends on the one before."""
    n = int(torch.randint(4, 8, (1,)))
    words = torch.randint(0, 10, (n,))
    tags, last = [], 2
    for w in words.tolist():
        last = 0 if w < 3 else 1 if w < 7 and last in (0, 1) else 2
        tags.append(last)
    return words, torch.tensor(tags)


class BiLSTM_CRF(nn.Module):
    def __init__(self, vocab, tags, hidden=16):
        super().__init__()
        self.n = tags
        self.word_embeds = nn.Embedding(vocab, 12)
        self.lstm = nn.LSTM(12, hidden // 2, bidirectional=True)
        self.hidden2tag = nn.Linear(hidden, tags)
        self.transitions = nn.Parameter(torch.randn(tags, tags))
        self.transitions.data[START, :] = -10000
        self.transitions.data[:, STOP] = -10000

    def emit(self, words):
        out, _ = self.lstm(self.word_embeds(words).unsqueeze(1))
        return self.hidden2tag(out.squeeze(1))

    def partition(self, feats):
        alpha = torch.full((self.n,), -10000.0)
        alpha[START] = 0.0
        for feat in feats:
            alpha = torch.logsumexp(alpha.unsqueeze(0) + self.transitions, 1) + feat
        return torch.logsumexp(alpha + self.transitions[STOP], 0)

    def score(self, feats, tags):
        tags = torch.cat([torch.tensor([START]), tags])
        total = torch.zeros(())
        for i, feat in enumerate(feats):
            total = total + self.transitions[tags[i + 1], tags[i]] + feat[tags[i + 1]]
        return total + self.transitions[STOP, tags[-1]]

    def neg_log_likelihood(self, words, tags):
        feats = self.emit(words)
        return self.partition(feats) - self.score(feats, tags)

    def forward(self, words):
        feats, back = self.emit(words), []
        v = torch.full((self.n,), -10000.0)
        v[START] = 0
        for feat in feats:
            best, where = (v.unsqueeze(0) + self.transitions).max(1)
            back.append(where)
            v = best + feat
        tag = int((v + self.transitions[STOP]).argmax())
        path = [tag]
        for where in reversed(back[1:]):
            path.append(int(where[path[-1]]))
        return path[::-1]


model = BiLSTM_CRF(10, 5)
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, weight_decay=1e-4)
train = [sentence() for _ in range(150)]
for epoch in range(4):
    total = 0.0
    for words, tags in train:
        model.zero_grad()
        loss = model.neg_log_likelihood(words, tags)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(epoch, f"{total / len(train):.4f}")
hits = n = 0
with torch.no_grad():
    for words, tags in [sentence() for _ in range(60)]:
        path = model(words)
        hits += sum(a == b for a, b in zip(path, tags.tolist()))
        n += len(tags)
finish(model, model.transitions, accuracy=hits / n)
