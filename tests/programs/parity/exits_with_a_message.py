import sys

sys.exit("no data in ./data")
