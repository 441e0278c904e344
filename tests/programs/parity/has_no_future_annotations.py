def f(x: int) -> str: ...


print(f.__annotations__)
