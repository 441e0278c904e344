# A scikit-learn estimator of PyTorch within a Pipeline and GridSearchCV: fit, predict_proba, score; twelve candidates with a poor decay and a poor rate among them, then refit. Learns: accuracy 1
import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from digest import finish

torch.set_num_threads(1)


class TorchMLPClassifier(ClassifierMixin, BaseEstimator):
    """A multi-layer perceptron that behaves as scikit-learn's estimators do."""

    def __init__(
        self, hidden=16, lr=0.01, alpha=0.0, max_iter=60, batch_size=32, tol=1e-4, n_iter_no_change=10, random_state=0
    ):
        self.hidden = hidden
        self.lr = lr
        self.alpha = alpha
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state

    def fit(self, X, y):
        torch.manual_seed(self.random_state)
        self.classes_, codes = np.unique(y, return_inverse=True)
        X, codes = torch.as_tensor(X, dtype=torch.float32), torch.as_tensor(codes)
        self.module_ = torch.nn.Sequential(
            torch.nn.Linear(X.shape[1], self.hidden), torch.nn.Tanh(), torch.nn.Linear(self.hidden, len(self.classes_))
        )
        optimizer = torch.optim.Adam(self.module_.parameters(), lr=self.lr, weight_decay=self.alpha)
        criterion = torch.nn.CrossEntropyLoss()
        best, waited = np.inf, 0
        self.loss_curve_ = []
        for _ in range(self.max_iter):
            total = 0.0
            for rows in torch.randperm(len(X)).split(self.batch_size):
                optimizer.zero_grad()
                loss = criterion(self.module_(X[rows]), codes[rows])
                loss.backward()
                optimizer.step()
                total += loss.item() * len(rows)
            self.loss_curve_.append(total / len(X))
            waited = 0 if self.loss_curve_[-1] < best - self.tol else waited + 1
            best = min(best, self.loss_curve_[-1])
            if waited >= self.n_iter_no_change:
                break
        return self

    def decision_function(self, X):
        with torch.inference_mode():
            return self.module_(torch.as_tensor(X, dtype=torch.float32)).numpy()

    def predict_proba(self, X):
        return torch.softmax(torch.from_numpy(self.decision_function(X)), 1).numpy()

    def predict(self, X):
        return self.classes_[self.decision_function(X).argmax(1)]


X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
pipe = make_pipeline(StandardScaler(), TorchMLPClassifier())
grid = {"torchmlpclassifier__lr": [1e-5, 0.01, 0.3], "torchmlpclassifier__alpha": [0.0, 0.01, 3.0]}
search = GridSearchCV(pipe, grid, cv=3)
search.fit(X_train, y_train)
for params, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"]):
    print({k.split("__")[1]: v for k, v in params.items()}, round(float(score), 3))
print("best", search.best_params_)
best = search.best_estimator_[-1]
out = torch.from_numpy(search.predict_proba(X_test))
finish(best.module_, out, accuracy=search.score(X_test, y_test))
