"""What the server of worker processes imports must survive a fork."""

import subprocess
import sys

import pytest

FORK_AND_COMPUTE = """
import os, sys
import pnas.children.search_training.preload
assert "keras" in sys.modules and "pnas.children.search_training.fast_loop" in sys.modules
child = os.fork()
if child == 0:
    import tensorflow as tf
    total = tf.function(lambda x: tf.reduce_sum(x @ x))(tf.ones((64, 64)))
    os._exit(7 if float(total) == 64.0**3 else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.slow
def test_tensorflow_runs_in_a_process_forked_after_the_import() -> None:
    command = [sys.executable, "-c", FORK_AND_COMPUTE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "7"
