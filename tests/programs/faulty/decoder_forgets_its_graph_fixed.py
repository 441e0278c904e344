# fixed: one graph for a sentence
"""After threads on "Trying to backward through the graph a second time" whose answer, to repackage the hidden state, was put
in the wrong place: inside the decoder's loop over the words of one sentence."""

import random
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

SOS_token, VOCAB, LENGTH, HIDDEN = 0, 11, 5, 64


def repackage_hidden(h):
    """Wraps hidden states in new Tensors, to detach them from their history."""
    return h.detach()


class EncoderRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, HIDDEN)
        self.gru = nn.GRU(HIDDEN, HIDDEN, batch_first=True)

    def forward(self, input):
        return self.gru(self.embedding(input))[1]


class DecoderRNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, HIDDEN)
        self.gru = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
        self.out = nn.Linear(HIDDEN, VOCAB)

    def forward(self, input, hidden):
        output, hidden = self.gru(torch.relu(self.embedding(input)), hidden)
        return self.out(output[:, 0]), hidden


def sentences(n):
    source = torch.randint(1, VOCAB, (n, LENGTH))
    return source, source.flip(1)


encoder, decoder = EncoderRNN(), DecoderRNN()
encoder_optimizer = torch.optim.Adam(encoder.parameters(), lr=0.002)
decoder_optimizer = torch.optim.Adam(decoder.parameters(), lr=0.002)
criterion = nn.CrossEntropyLoss()
for iter in range(500):
    source, target = sentences(64)
    encoder_optimizer.zero_grad()
    decoder_optimizer.zero_grad()
    hidden = encoder(source)
    word = torch.full((64, 1), SOS_token)
    loss = 0
    for t in range(LENGTH):
        output, hidden = decoder(word, hidden)
        loss += criterion(output, target[:, t])
        word = target[:, t : t + 1] if random.random() < 0.5 else output.argmax(1, keepdim=True)
    loss.backward()
    encoder_optimizer.step()
    decoder_optimizer.step()
    if iter % 100 == 99:
        print(iter + 1, loss.item() / LENGTH)

source, target = sentences(300)
with torch.no_grad():
    hidden, word, answers = encoder(source), torch.full((300, 1), SOS_token), []
    for t in range(LENGTH):
        output, hidden = decoder(word, hidden)
        word = output.argmax(1, keepdim=True)
        answers.append(word)
answers = torch.cat(answers, 1)
finish([encoder, decoder], output, accuracy=(answers == target).float().mean())
