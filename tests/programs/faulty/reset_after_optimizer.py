# fault: the trainer builds the net anew after the optimizer was made, which goes on updating the old one
# As in https://github.com/HazyResearch/metal/pull/96
import sys

import torch
import torch.nn as nn

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.set_num_threads(1)


class EndModel(nn.Module):
    def __init__(self, layer_out_dims, seed):
        super().__init__()
        self.layer_out_dims, self.seed = layer_out_dims, seed
        self.reset()

    def reset(self):
        torch.manual_seed(self.seed)
        dims, layers = self.layer_out_dims, []
        for a, b in zip(dims[:-2], dims[1:-1]):
            layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU()]
        self.network = nn.Sequential(*layers, nn.Linear(dims[-2], dims[-1]))

    def forward(self, x):
        return self.network(x)

    def train_model(self, X, Y, n_epochs=8, batch_size=32, lr=0.01):
        optimizer = torch.optim.Adam(self.parameters(), lr=lr)
        self.reset()  # start from scratch, however often it is called
        criterion = nn.CrossEntropyLoss()
        self.train()
        for epoch in range(n_epochs):
            running_loss = 0.0
            for batch in torch.randperm(len(X)).split(batch_size):
                optimizer.zero_grad()
                loss = criterion(self(X[batch]), Y[batch])
                loss.backward()
                optimizer.step()
                running_loss += loss.item()
            print(f"[E:{epoch}]\tTrain Loss: {running_loss / (len(X) / batch_size):.3f}")


X = torch.randn(1400, 10, generator=torch.Generator().manual_seed(SEED))
Y = ((X[:, 0] > 0).long() + (X[:, 1] + X[:, 2] > 0).long()) % 3
end_model = EndModel([10, 32, 32, 3], SEED)
end_model.train_model(X[:1000], Y[:1000])
end_model.eval()
with torch.no_grad():
    out = end_model(X[1000:])
finish(end_model, out, accuracy=(out.argmax(1) == Y[1000:]).float().mean())
