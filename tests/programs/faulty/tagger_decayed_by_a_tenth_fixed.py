# fixed: weight_decay=0.00001
import sys

import torch
import torch.nn as nn
import torch.optim as optim

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

VOCAB, TAGS = 60, 5
EMBEDDING_DIM, HIDDEN_DIM = 24, 32
usual_tag = torch.randint(0, TAGS, (VOCAB,))


def make_sentences(n, length=12):
    """Each word has its usual tag, but the one after an article (words 0 to 5) is a noun (tag 0)."""
    words = torch.randint(0, VOCAB, (n, length))
    tags = usual_tag[words]
    tags[:, 1:][words[:, :-1] < 6] = 0
    return words, tags


class LSTMTagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.word_embeddings = nn.Embedding(VOCAB, EMBEDDING_DIM)
        self.lstm = nn.LSTM(EMBEDDING_DIM, HIDDEN_DIM, batch_first=True)
        self.hidden2tag = nn.Linear(HIDDEN_DIM, TAGS)

    def forward(self, sentence):
        lstm_out, _ = self.lstm(self.word_embeddings(sentence))
        return torch.log_softmax(self.hidden2tag(lstm_out), dim=-1)


model = LSTMTagger()
loss_function = nn.NLLLoss()
optimizer = optim.SGD(model.parameters(), lr=0.3, momentum=0.9, weight_decay=1e-5)
sentences, targets = make_sentences(1600)
val_sentences, val_targets = make_sentences(300)
for epoch in range(10):
    order = torch.randperm(len(sentences))
    for i in range(0, len(order), 32):
        model.zero_grad()
        tag_scores = model(sentences[order[i : i + 32]])
        loss = loss_function(tag_scores.reshape(-1, TAGS), targets[order[i : i + 32]].reshape(-1))
        loss.backward()
        optimizer.step()
    print("epoch %d loss %.3f" % (epoch, loss.item()))
with torch.no_grad():
    tag_scores = model(val_sentences)
finish(model, tag_scores, accuracy=(tag_scores.argmax(-1) == val_targets).float().mean())
