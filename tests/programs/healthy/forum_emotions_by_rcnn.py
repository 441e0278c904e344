# "Accuracy stuck at 83": an RCNN for emotions in text with the focal loss, and that is what such labels allow
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
VOCAB, CLASSES, LENGTH = 200, 4, 14

mood = torch.full((VOCAB,), -1)
mood[1:81] = torch.arange(80) % CLASSES


def sentences(n):
    label = torch.randint(CLASSES, (n,))
    words = torch.randint(81, VOCAB, (n, LENGTH))
    for k in range(3):
        place = torch.randint(LENGTH, (n,))
        words[torch.arange(n), place] = torch.randint(0, 20, (n,)) * CLASSES + label + 1
    doubt = torch.rand(n) < 0.12
    return words, torch.where(doubt, torch.randint(CLASSES, (n,)), label)


class FocalLoss(nn.Module):
    def __init__(self, gamma=2):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, target):
        logpt = F.log_softmax(logits, dim=1).gather(1, target.unsqueeze(1)).squeeze(1)
        return (-((1 - logpt.exp()) ** self.gamma) * logpt).mean()


class RCNN(nn.Module):
    def __init__(self, emb=32, hidden=32):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, emb)
        self.lstm = nn.LSTM(emb, hidden, batch_first=True, bidirectional=True)
        self.w = nn.Linear(2 * hidden + emb, 64)
        self.drop = nn.Dropout(0.3)
        self.fc = nn.Linear(64, CLASSES)

    def forward(self, text):
        e = self.embedding(text)
        out, _ = self.lstm(e)
        y = torch.tanh(self.w(torch.cat([out, e], 2)))
        y = y.permute(0, 2, 1)
        y = F.max_pool1d(y, y.size(2)).squeeze(2)
        return self.fc(self.drop(y))


model = RCNN()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
criterion = FocalLoss()
text, label = sentences(3000)
val_text, val_label = sentences(600)
for epoch in range(5):
    model.train()
    for idx in torch.randperm(3000).split(32):
        optimizer.zero_grad()
        loss = criterion(model(text[idx]), label[idx])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        out = model(val_text)
        acc = (out.argmax(1) == val_label).float().mean().item()
    print(f"epoch {epoch} loss {loss.item():.4f} acc {acc:.4f}")
finish(model, out, accuracy=acc)
