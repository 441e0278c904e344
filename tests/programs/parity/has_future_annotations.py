from __future__ import annotations


def f(x: undefined) -> list[int]: ...


print(f.__annotations__)
print(eval(compile("1 + 1", "<string>", "eval")))
