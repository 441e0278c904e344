"""CRNN on strips of text: convolutions give a sequence of columns, a bidirectional LSTM names each column's sign."""

import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
SIGNS, COLUMNS, HEIGHT = 5, 12, 8
glyphs = torch.randn(SIGNS, HEIGHT, 2)


def strips(count):
    # A sign is written once and repeated faintly until the next one starts: the last one seen is the label.
    text = torch.randint(SIGNS, (count, COLUMNS))
    fresh = torch.rand(count, COLUMNS) < 0.4
    fresh[:, 0] = True
    label = text.clone()
    for t in range(1, COLUMNS):
        label[:, t] = torch.where(fresh[:, t], text[:, t], label[:, t - 1])
    ink = glyphs[text] * fresh[..., None, None]
    image = ink.permute(0, 2, 1, 3).reshape(count, 1, HEIGHT, 2 * COLUMNS)
    return image + 0.2 * torch.randn_like(image), label


class BidirectionalLSTM(nn.Module):
    def __init__(self, nIn, nHidden, nOut):
        super().__init__()
        self.rnn = nn.LSTM(nIn, nHidden, bidirectional=True, batch_first=True)
        self.embedding = nn.Linear(nHidden * 2, nOut)

    def forward(self, input):
        recurrent, _ = self.rnn(input)
        return self.embedding(recurrent)


class CRNN(nn.Module):
    def __init__(self, nclass, nh):
        super().__init__()
        cnn = nn.Sequential()
        cnn.add_module("conv0", nn.Conv2d(1, 16, (3, 2), stride=(1, 2), padding=(1, 0)))
        cnn.add_module("relu0", nn.ReLU(True))
        cnn.add_module("conv1", nn.Conv2d(16, 32, (HEIGHT, 1)))
        cnn.add_module("batchnorm1", nn.BatchNorm2d(32))
        cnn.add_module("relu1", nn.ReLU(True))
        self.cnn = cnn
        self.rnn = BidirectionalLSTM(32, nh, nclass)

    def forward(self, input):
        conv = self.cnn(input)
        conv = conv.squeeze(2)
        conv = conv.permute(2, 0, 1)  # [w, b, c]
        return self.rnn(conv)


crnn = CRNN(SIGNS, 32)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(crnn.parameters(), lr=3e-3)
train_images, train_text = strips(1024)
test_images, test_text = strips(256)
for epoch in range(12):
    crnn.train()
    for batch in torch.randperm(1024).split(32):
        preds = crnn(train_images[batch])
        cost = criterion(preds.reshape(-1, SIGNS), train_text[batch].t().reshape(-1))
        crnn.zero_grad()
        cost.backward()
        optimizer.step()
    print(f"[{epoch}] Loss: {cost.item():.3f}")

crnn.eval()
with torch.no_grad():
    right = [
        (crnn(images).argmax(2) == text.t()).float().mean()
        for images, text in zip(test_images.split(32), test_text.split(32))
    ]
print("final accuracy", torch.stack(right).mean().item())
