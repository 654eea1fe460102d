"""`python run.py ...` in a checkout: the command `pnas` (pnas/command.py) over the files of conf/.

`python run.py --help` says what can be typed.
"""

import sys

try:
    from pnas.command import main
except ModuleNotFoundError as error:
    sys.exit(
        f"run.py: {sys.executable} has no module {error.name}. Use .venv/bin/python run.py, whose "
        "environment `make search` sets up, or install pnas into this one: pip install -e ."
    )

if __name__ == "__main__":
    sys.exit(main())
