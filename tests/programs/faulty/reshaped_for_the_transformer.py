# fault: feature maps (batch, channel, place) are reshaped, not permuted, to (place, batch, channel): images are mixed
"""After "Transformer-based OCR model not learning" (discuss.pytorch.org), whose feature extractor hands its transformer
x.reshape(512, -1, 96)."""

import math
import sys

import torch

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class FeatureExtractor(torch.nn.Module):
    def __init__(self, d_model=32):
        super().__init__()
        self.cnn = torch.nn.Sequential(
            torch.nn.Conv2d(1, 16, 5, stride=2), torch.nn.ReLU(),
            torch.nn.Conv2d(16, d_model, 5, stride=2), torch.nn.ReLU(), torch.nn.Flatten(2),
        )  # fmt: skip

    def forward(self, x):
        x = self.cnn(x)
        return x.reshape(16, -1, 32)


class PositionalEncodingTrig(torch.nn.Module):
    def __init__(self, d_model, max_len=16):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        freq = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, 1, d_model)
        pe[:, 0, 0::2], pe[:, 0, 1::2] = torch.sin(position * freq), torch.cos(position * freq)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe


class OCRModel(torch.nn.Module):
    def __init__(self, classes=10):
        super().__init__()
        self.fe = FeatureExtractor()
        self.pos_encoder = PositionalEncodingTrig(32)
        layer = torch.nn.TransformerEncoderLayer(d_model=32, nhead=4, dim_feedforward=64, dropout=0.0)
        self.transformer = torch.nn.TransformerEncoder(layer, num_layers=2)
        self.linear = torch.nn.Linear(32, classes)

    def forward(self, img):
        src = self.pos_encoder(self.fe(img))
        return self.linear(self.transformer(src).mean(0))


data = mnist()
x_train, y_train = data.train_images[:2000, None].float() / 255, data.train_labels[:2000].long()
x_test, y_test = data.test_images[:512, None].float() / 255, data.test_labels[:512].long()
model = OCRModel()
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = torch.nn.CrossEntropyLoss()
for epoch in range(4):
    for idx in torch.randperm(1984).split(32):
        loss = criterion(model(x_train[idx]), y_train[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
model.eval()
with torch.no_grad():
    out = torch.cat([model(batch) for batch in x_test.split(32)])
finish(model, out, accuracy=(out.argmax(1) == y_test).float().mean())
