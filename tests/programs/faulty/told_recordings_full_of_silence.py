"""Marks the syllables of a bird's song in a spectrogram, frame by frame. Most of each recording is silence."""

import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
BINS, FRAMES, SYLLABLES = 20, 80, 4
SHAPES = torch.randn(SYLLABLES, BINS)


def record(n):
    sound = torch.randn(n, FRAMES, BINS)
    marks = torch.zeros(n, FRAMES, dtype=torch.long)
    for i in range(n):
        if torch.rand(()) < 0.4:
            start = int(torch.randint(0, FRAMES - 5, ()))
            kind = int(torch.randint(0, SYLLABLES, ()))
            marks[i, start : start + 4] = kind + 1
            sound[i, start : start + 4] += 0.55 * SHAPES[kind]
    return TensorDataset(sound, marks)


class TweetyNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv1d(BINS, 24, 5, padding=2), nn.ReLU())
        self.rnn = nn.LSTM(24, 16, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(32, SYLLABLES + 1)

    def forward(self, x):
        x = self.cnn(x.transpose(1, 2)).transpose(1, 2)
        return self.fc(self.rnn(x)[0])


def weights():
    return None


train_data = DataLoader(record(400), batch_size=16, shuffle=True)
val_sound, val_marks = record(150)[:]
net = TweetyNet()
criterion = nn.CrossEntropyLoss(weight=weights())
optimizer = torch.optim.Adam(net.parameters(), lr=0.001)

for epoch in range(6):
    for sound, marks in train_data:
        out = net(sound)
        loss = criterion(out.reshape(-1, SYLLABLES + 1), marks.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        answer = net(val_sound).argmax(-1)
    print(f"epoch {epoch}: frames right {(answer == val_marks).float().mean().item():.3f}")

recalls = [(answer[val_marks == k] == k).float().mean() for k in range(SYLLABLES + 1)]
print("recall of each label", [round(r.item(), 2) for r in recalls])
finish(net, net(val_sound), balanced_accuracy=torch.stack(recalls).mean())
