# KFold over a small medical table: scaler fitted in each fold, a new net and Adam each time, sigmoid and BCELoss, best epoch by validation AUC. Learns: auc 0.99
import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler
from torch import nn

from digest import finish


class Classifier(nn.Module):
    def __init__(self, n_features):
        super().__init__()
        self.layer_1 = nn.Linear(n_features, 16)
        self.layer_2 = nn.Linear(16, 8)
        self.layer_out = nn.Linear(8, 1)
        self.dropout = nn.Dropout(p=0.1)
        self.batchnorm1 = nn.BatchNorm1d(16)

    def forward(self, inputs):
        x = torch.relu(self.layer_1(inputs))
        x = self.batchnorm1(x)
        x = torch.relu(self.layer_2(x))
        x = self.dropout(x)
        return torch.sigmoid(self.layer_out(x))


def train_fold(Xtr, ytr, Xva, yva):
    model = Classifier(Xtr.shape[1])
    criterion = nn.BCELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    best, kept = 0.0, None
    for epoch in range(8):
        model.train()
        order = np.random.permutation(len(Xtr))
        for i in range(0, len(order), 64):
            idx = order[i : i + 64]
            if len(idx) < 2:
                continue
            optimizer.zero_grad()
            loss = criterion(model(Xtr[idx]), ytr[idx].unsqueeze(1))
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            prob = model(Xva).squeeze(1)
        auc = roc_auc_score(yva.numpy(), prob.numpy())
        if auc > best:
            best, kept = auc, prob
    return model, best, kept


if __name__ == "__main__":
    np.random.seed(0)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    X, y = load_breast_cancer(return_X_y=True)
    models, aucs = [], []
    for fold, (tr, va) in enumerate(StratifiedKFold(10, shuffle=True, random_state=1).split(X, y)):
        scaler = StandardScaler().fit(X[tr])
        Xtr, Xva = (torch.tensor(scaler.transform(X[i]), dtype=torch.float32) for i in (tr, va))
        ytr, yva = (torch.tensor(y[i], dtype=torch.float32) for i in (tr, va))
        model, auc, prob = train_fold(Xtr, ytr, Xva, yva)
        print(f"fold {fold}: {auc:.4f}")
        models.append(model)
        aucs.append(auc)
    finish(models, prob, auc=np.mean(aucs))
