"""`python -m bench [name …]`: every measurement, or the ones named."""

import importlib
import sys

NAMES = ("decisions", "webhooks")

if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        importlib.import_module(f"bench.{name}").main()
