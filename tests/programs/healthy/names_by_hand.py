# The tutorial on names: a recurrent net of Linear layers, one name at a time, NLLLoss, `p.data.add_(p.grad.data, alpha=-lr)`, no optimizer. Learns: accuracy 1
import random
import string

import torch
import torch.nn as nn

from digest import finish

random.seed(0)
torch.manual_seed(0)
torch.set_num_threads(1)

all_letters = string.ascii_lowercase
n_letters = len(all_letters)
ENDINGS = {
    "Italian": ["elli", "ini", "occi"],
    "Russian": ["ovsky", "enko", "ichev"],
    "Japanese": ["moto", "kawa", "shita"],
}
all_categories = list(ENDINGS)


def make_name(category):
    return "".join(random.choice("aeioubdgklmnrst") for _ in range(random.randint(1, 3))) + random.choice(
        ENDINGS[category]
    )


def lineToTensor(line):
    tensor = torch.zeros(len(line), 1, n_letters)
    for li, letter in enumerate(line):
        tensor[li][0][all_letters.find(letter)] = 1
    return tensor


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size, hidden_size)
        self.h2h = nn.Linear(hidden_size, hidden_size)
        self.h2o = nn.Linear(hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        hidden = torch.tanh(self.i2h(input) + self.h2h(hidden))
        output = self.softmax(self.h2o(hidden))
        return output, hidden

    def initHidden(self):
        return torch.zeros(1, self.hidden_size)


rnn = RNN(n_letters, 48, len(all_categories))
criterion = nn.NLLLoss()
learning_rate = 0.01


def train(category_tensor, line_tensor):
    hidden = rnn.initHidden()
    rnn.zero_grad()
    for i in range(line_tensor.size()[0]):
        output, hidden = rnn(line_tensor[i], hidden)
    loss = criterion(output, category_tensor)
    loss.backward()
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-learning_rate)
    return output, loss.item()


current_loss = 0
for iter in range(1, 1201):
    category = random.choice(all_categories)
    output, loss = train(torch.tensor([all_categories.index(category)]), lineToTensor(make_name(category)))
    current_loss += loss
    if iter % 300 == 0:
        print(f"{iter} {current_loss / 300:.4f}")
        current_loss = 0

right, outputs = 0, []
with torch.no_grad():
    for k in range(150):
        category = k % 3
        hidden = rnn.initHidden()
        for letter in lineToTensor(make_name(all_categories[category])):
            output, hidden = rnn(letter, hidden)
        right += int(output.argmax() == category)
        outputs.append(output)
finish(rnn, torch.cat(outputs), accuracy=right / 150)
