# fixed: the MLP gives logits
# As in https://github.com/shaoxiongji/federated-learning/issues/9
import copy
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class MLP(nn.Module):
    def __init__(self, dim_in, dim_hidden, dim_out):
        super().__init__()
        self.layer_input = nn.Linear(dim_in, dim_hidden)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout()
        self.layer_hidden = nn.Linear(dim_hidden, dim_out)

    def forward(self, x):
        x = x.view(-1, x.shape[1] * x.shape[-2] * x.shape[-1])
        x = self.relu(self.dropout(self.layer_input(x)))
        return self.layer_hidden(x)


class LocalUpdate:
    def __init__(self, dataset, idxs, lr=0.05, local_ep=2, local_bs=10):
        self.loss_func = nn.CrossEntropyLoss()
        self.lr, self.local_ep = lr, local_ep
        self.ldr_train = DataLoader(Subset(dataset, idxs), batch_size=local_bs, shuffle=True)

    def train(self, net):
        net.train()
        optimizer = torch.optim.SGD(net.parameters(), lr=self.lr, momentum=0.5)
        batch_loss = []
        for _ in range(self.local_ep):
            for images, labels in self.ldr_train:
                net.zero_grad()
                log_probs = net(images)
                loss = self.loss_func(log_probs, labels)
                loss.backward()
                optimizer.step()
                batch_loss.append(loss.item())
        return net.state_dict(), sum(batch_loss) / len(batch_loss)


def FedAvg(w):
    w_avg = copy.deepcopy(w[0])
    for k in w_avg:
        w_avg[k] = sum(each[k] for each in w) / len(w)
    return w_avg


raw = mnist()
images = (raw.train_images[:2000].unsqueeze(1).float() / 255 - 0.1307) / 0.3081
dataset_train = TensorDataset(images, raw.train_labels[:2000].long())
dict_users = torch.randperm(2000).view(10, 200).tolist()
net_glob = MLP(dim_in=784, dim_hidden=64, dim_out=10)
for round_ in range(6):
    w_locals, loss_locals = [], []
    for idx in torch.randperm(10)[:5].tolist():
        local = LocalUpdate(dataset_train, dict_users[idx])
        w, loss = local.train(net=copy.deepcopy(net_glob))
        w_locals.append(copy.deepcopy(w))
        loss_locals.append(loss)
    net_glob.load_state_dict(FedAvg(w_locals))
    print("Round {:3d}, Average loss {:.3f}".format(round_, sum(loss_locals) / len(loss_locals)))
net_glob.eval()
test_images = (raw.test_images[:1000].unsqueeze(1).float() / 255 - 0.1307) / 0.3081
with torch.no_grad():
    answer = net_glob(test_images)
finish(net_glob, answer, accuracy=(answer.argmax(1) == raw.test_labels[:1000]).float().mean())
