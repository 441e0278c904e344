import sys
import threading

done = []


def train():
    import torch

    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0, 3.0]))  # the threads race for the global generator
    optimizer = torch.optim.SGD([weight], lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        weight.square().sum().backward()
        optimizer.step()
    done.append(weight.tolist())


threads = [threading.Thread(target=train) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(done), done[0] == done[1] or len(done[0]), "torch" in sys.modules)
