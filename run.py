"""`python run.py ...` in a checkout: the command `pnas` (pnas/command.py) over the files of conf/.

`python run.py --help` says what can be typed.
"""

import sys
from importlib.util import find_spec

_NEEDED = ("hydra", "keras", "tensorflow", "mlflow")
"""Libraries that an environment without pnas lacks."""

_missing = [name for name in _NEEDED if find_spec(name) is None]
if _missing:
    sys.exit(
        f"run.py: {sys.executable} has no module {_missing[0]}. Use .venv/bin/python run.py, whose "
        "environment `make search` sets up, or install pnas into this one: pip install -e ."
    )

from pnas.command import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
