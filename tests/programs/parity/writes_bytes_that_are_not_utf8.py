import sys

sys.stdout.buffer.write(bytes(range(256)))
sys.stderr.buffer.write(b"\xff\xfe\x00 caf\xe9\n")
print("\N{SNOWMAN}", ascii("\udcff"))
print("\ud800")  # cannot be encoded: UnicodeEncodeError
