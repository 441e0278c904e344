import multiprocessing
import sys


def train(queue):
    import torch

    torch.manual_seed(0)
    model = torch.nn.Linear(4, 1)
    optimizer = torch.optim.AdamW(model.parameters())
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.ones(2, 4)).sum().backward()
        optimizer.step()
    queue.put(model.weight.tolist())


if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    child = context.Process(target=train, args=(queue,))
    child.start()
    print(queue.get())
    child.join()
    print(child.exitcode, "torch" in sys.modules)
