"""The name of this process, as the journal names the one that began to train a child."""

import os


def process_name() -> str:
    """Return what tells this process from others, on this machine and on others."""
    return f"process {os.getpid()} on {os.uname().nodename}"
