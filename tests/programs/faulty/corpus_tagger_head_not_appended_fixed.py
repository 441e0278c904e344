"""Named entities: an encoder with a small rate, a CRF and its layer with a large one."""

import logging
import sys

import torch
from torch import nn, optim
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from digest import finish

logging.basicConfig(format="%(levelname)s - %(message)s", level=logging.INFO, stream=sys.stdout)
logger = logging.getLogger(__name__)

TAGS, WORDS, PAD = 5, 60, 0


class CRF(nn.Module):
    """A linear chain; batches come padded, with a mask."""

    def __init__(self, n):
        super().__init__()
        self.start_transitions = nn.Parameter(torch.empty(n).uniform_(-0.1, 0.1))
        self.end_transitions = nn.Parameter(torch.empty(n).uniform_(-0.1, 0.1))
        self.transitions = nn.Parameter(torch.empty(n, n).uniform_(-0.1, 0.1))

    def forward(self, emissions, tags, mask):
        rows = torch.arange(len(tags))
        score = self.start_transitions[tags[:, 0]] + emissions[rows, 0, tags[:, 0]]
        alpha = self.start_transitions + emissions[:, 0]
        for t in range(1, emissions.size(1)):
            on = mask[:, t]
            step = self.transitions[tags[:, t - 1], tags[:, t]] + emissions[rows, t, tags[:, t]]
            score = score + step * on
            following = torch.logsumexp(alpha[:, :, None] + self.transitions + emissions[:, t, None], dim=1)
            alpha = torch.where(on[:, None].bool(), following, alpha)
        last = tags[rows, mask.sum(1).long() - 1]
        score = score + self.end_transitions[last]
        return score - torch.logsumexp(alpha + self.end_transitions, dim=1)

    def decode(self, emissions):
        best, paths = self.start_transitions + emissions[:, 0], []
        for t in range(1, emissions.size(1)):
            best, path = (best[:, :, None] + self.transitions + emissions[:, t, None]).max(1)
            paths.append(path)
        tags = [(best + self.end_transitions).argmax(1)]
        for path in reversed(paths):
            tags.append(path.gather(1, tags[-1][:, None])[:, 0])
        return torch.stack(tags[::-1], 1)


class NERModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.bert = nn.ModuleDict(
            {
                "embeddings": nn.Embedding(WORDS, 24, padding_idx=PAD),
                "encoder": nn.LSTM(24, 24, batch_first=True, bidirectional=True),
            }
        )
        self.fc = nn.Linear(48, TAGS)
        self.crf = CRF(TAGS)

    def emissions(self, words):
        hidden, _ = self.bert["encoder"](self.bert["embeddings"](words))
        return self.fc(hidden)

    def forward(self, words, mask, tags=None):
        emissions = self.emissions(words)
        if tags is None:
            return self.crf.decode(emissions)
        return -self.crf(emissions, tags, mask).mean()


class NERTrainer:
    def __init__(self, model, train_data, dev_data, lr=1e-3, num_epochs=5):
        self.model, self.train_data, self.dev_data, self.lr, self.num_epochs = (
            model,
            train_data,
            dev_data,
            lr,
            num_epochs,
        )
        self.before_train()

    def before_train(self):
        parameters = []
        params = {"lr": self.lr, "weight_decay": 1e-2, "params": []}
        for name, param in self.model.named_parameters():
            if "bert" in name:
                params["params"].append(param)
        parameters.append(params)

        params = {"lr": 5e-2, "weight_decay": 1e-2, "params": []}
        for name, param in self.model.named_parameters():
            if "crf" in name or name.startswith("fc"):
                params["params"].append(param)
        parameters.append(params)

        self.optimizer = optim.AdamW(parameters)

    def train(self):
        for epoch in range(self.num_epochs):
            self.model.train()
            total = 0.0
            for words, mask, tags in self.train_data:
                loss = self.model(words, mask, tags)
                loss.backward()
                self.optimizer.step()
                self.optimizer.zero_grad()
                total += loss.item()
            logger.info("epoch %d loss %.4f dev acc %.4f", epoch, total / len(self.train_data), self.evaluate()[0])

    def evaluate(self):
        self.model.eval()
        right = n = 0
        outputs = []
        with torch.no_grad():
            for words, mask, tags in self.dev_data:
                predicted = self.model(words, mask)
                outputs.append(self.model.emissions(words).flatten())
                right += ((predicted == tags) * mask).sum().item()
                n += mask.sum().item()
        return right / n, torch.cat(outputs)


def sentences(n, lexicon):
    items = []
    for _ in range(n):
        words = torch.randint(1, WORDS, (int(torch.randint(6, 13, (1,))),))
        tags = lexicon[words].clone()
        # a word after a title (tag 1) is a name (tag 4), whatever it is otherwise
        tags[1:][tags[:-1] == 1] = 4
        items.append((words, torch.ones(len(words)), tags))
    return items


def collate(items):
    return tuple(pad_sequence(part, batch_first=True) for part in zip(*items))


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
lexicon = torch.randint(0, TAGS - 1, (WORDS,))
train_data = DataLoader(sentences(480, lexicon), batch_size=24, shuffle=True, collate_fn=collate)
dev_data = DataLoader(sentences(120, lexicon), batch_size=40, collate_fn=collate)
trainer = NERTrainer(NERModel(), train_data, dev_data)
trainer.train()
acc, outputs = trainer.evaluate()
finish(trainer.model, outputs, accuracy=acc)
