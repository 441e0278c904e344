import sys

first = input("name? ")
print("hello", first)
for line in sys.stdin:
    print("line", line.rstrip())
print(sys.stdin.isatty(), sys.stdin.encoding)
input()  # there is no more: EOFError
