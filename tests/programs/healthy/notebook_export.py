#!/usr/bin/env python
# coding: utf-8
# fmt: off
# A notebook saved as .py: cells out of order, the fitting cell run twice over, variables reused, the model shown. Learns: accuracy 0.9

# In[1]:


import torch
from torch import nn
import torch.nn.functional as F
from sklearn import datasets
from digest import finish
torch.manual_seed(42); torch.set_num_threads(1)


# ## Load the data

# In[2]:


iris = datasets.load_iris()
x = torch.tensor(iris.data, dtype=torch.float)
x.shape, x.mean(0), x.std(0)


# In[4]:


x = (x - x.mean(0)) / x.std(0)
y = torch.tensor(iris.target)
p = torch.randperm(150); x, y = x[p], y[p]
x_train, y_train, x_test, y_test = x[:110], y[:110], x[110:], y[110:]


# In[3]:


model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
model


# In[7]:


opt = torch.optim.SGD(model.parameters(), lr=.1)
def fit(epochs, bs=10):
    losses = []
    for _ in range(epochs):
        for idx in torch.randperm(len(x_train)).split(bs):
            loss = F.cross_entropy(model(x_train[idx]), y_train[idx])
            loss.backward()
            with torch.no_grad():
                for w in model.parameters(): w -= w.grad * .1
                model.zero_grad()
            losses.append(loss.item())
    return losses

losses = fit(5); losses[-1]


# In[8]:


# ran this cell again: still going down
losses += fit(10)
print(f'{losses[0]:.3f} -> {losses[-1]:.3f}')


# In[9]:


try:
    display(model)
except NameError:
    print(model)


# In[12]:


with torch.no_grad(): preds = model(x_test)
(preds.argmax(1) == y_test).float().mean()


# In[13]:


finish(model, preds, accuracy=(preds.argmax(1) == y_test).float().mean())
