# CTC on made-up handwriting: variable lengths, log_softmax over time-first outputs, greedy collapse. Learns: accuracy 0.75
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
BLANK, CLASSES, FEATURES = 0, 6, 8
PATTERN = torch.randn(CLASSES, FEATURES)


def sample(batch):
    xs, ys = [], []
    for _ in range(batch):
        y = torch.randint(1, CLASSES, (int(torch.randint(2, 5, (1,))),))
        widths = torch.randint(2, 5, (len(y),))
        x = torch.cat([PATTERN[c].expand(w, -1) for c, w in zip(y, widths.tolist())])
        xs.append(x + 0.3 * torch.randn_like(x))
        ys.append(y)
    x_len = torch.tensor([len(x) for x in xs])
    y_len = torch.tensor([len(y) for y in ys])
    return nn.utils.rnn.pad_sequence(xs), torch.cat(ys), x_len, y_len


class Recogniser(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv1d(FEATURES, 32, 3, padding=1)
        self.rnn = nn.GRU(32, 24, bidirectional=True)
        self.fc = nn.Linear(48, CLASSES)

    def forward(self, x):
        h = torch.relu(self.conv(x.permute(1, 2, 0))).permute(2, 0, 1)
        return self.fc(self.rnn(h)[0]).log_softmax(2)


model = Recogniser()
ctc = nn.CTCLoss(blank=BLANK, zero_infinity=True)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(220):
    x, y, x_len, y_len = sample(32)
    loss = ctc(model(x), y, x_len, y_len)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 5)
    optimizer.step()
    if step % 40 == 0:
        print(f"step {step} ctc {loss.item():.4f}")
model.eval()
x, y, x_len, y_len = sample(200)
with torch.no_grad():
    out = model(x)
right, start = 0, 0
for k in range(200):
    path = out[: x_len[k], k].argmax(1)
    path = torch.unique_consecutive(path)
    path = path[path != BLANK]
    right += path.tolist() == y[start : start + y_len[k]].tolist()
    start += int(y_len[k])
finish(model, out, accuracy=right / 200)
