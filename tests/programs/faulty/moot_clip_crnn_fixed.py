"""Video classification: a CNN encodes every frame, an RNN reads the clip."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

CNN_embed_dim = 32
RNN_hidden = 32
frames, size, k = 8, 12, 4
epochs, batch_size = 10, 24
learning_rate = 2e-3


class EncoderCNN(nn.Module):
    def __init__(self, embed_dim):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.fc = nn.Linear(8 * 36, embed_dim)

    def forward(self, x_3d):
        cnn_embed_seq = []
        for t in range(x_3d.size(1)):
            x = self.conv1(x_3d[:, t])
            cnn_embed_seq.append(F.relu(self.fc(x.flatten(1))))
        return torch.stack(cnn_embed_seq, dim=0).transpose(0, 1)


class DecoderRNN(nn.Module):
    def __init__(self, embed_dim, h_RNN, num_classes):
        super().__init__()
        self.LSTM = nn.LSTM(input_size=embed_dim, hidden_size=h_RNN, num_layers=1, batch_first=True)
        self.fc1 = nn.Linear(h_RNN, 24)
        self.fc2 = nn.Linear(24, num_classes)

    def forward(self, x_RNN):
        RNN_out, _ = self.LSTM(x_RNN, None)
        x = F.relu(self.fc1(RNN_out[:, -1, :]))
        return self.fc2(x)


def make_clips(n):
    y = torch.randint(k, (n,))
    step = torch.tensor([[0, 1], [0, -1], [1, 0], [-1, 0]])[y]
    pos = torch.randint(size, (n, 2))
    clips = 0.2 * torch.randn(n, frames, 1, size, size)
    rows = torch.arange(n)
    for t in range(frames):
        here = (pos + t * step) % size
        clips[rows, t, 0, here[:, 0], here[:, 1]] += 2
        clips[rows, t, 0, (here[:, 0] + 1) % size, here[:, 1]] += 2
    return TensorDataset(clips, y)


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
train_loader = DataLoader(make_clips(960), batch_size=batch_size, shuffle=True)
valid_loader = DataLoader(make_clips(240), batch_size=batch_size)
cnn_encoder = EncoderCNN(CNN_embed_dim)
rnn_decoder = DecoderRNN(CNN_embed_dim, RNN_hidden, k)
crnn_params = list(cnn_encoder.parameters()) + list(rnn_decoder.parameters())
optimizer = torch.optim.Adam(crnn_params, lr=learning_rate)

for epoch in range(epochs):
    cnn_encoder.train()
    rnn_decoder.train()
    for X, y in train_loader:
        optimizer.zero_grad()
        output = rnn_decoder(cnn_encoder(X))
        loss = F.cross_entropy(output, y)
        loss.backward()
        optimizer.step()
    print("Train Epoch: {} Loss: {:.6f}".format(epoch + 1, loss.item()))

cnn_encoder.eval()
rnn_decoder.eval()
correct = 0
with torch.no_grad():
    for X, y in valid_loader:
        correct += (rnn_decoder(cnn_encoder(X)).argmax(1) == y).sum().item()
print("final accuracy", correct / len(valid_loader.dataset))
