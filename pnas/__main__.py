"""`python -m pnas ...`: the command `pnas` (pnas/command.py)."""

import sys

from pnas.command import main

if __name__ == "__main__":
    sys.exit(main())
