"""A Ray cluster of two nodes on this machine, one of which has the resource ``phone``.

Run as a script, it measures and trains children there, and prints where each was.
"""

import json
import os
import sys
from contextlib import closing

from pnas.execution import RaySpec, Runner
from pnas.execution.ray_executor import RayExecutor
from pnas.objectives import LATENCY
from pnas.records import ChildJob, ChildResult, Status
from pnas.state_space import Cell


class WhereAmI:
    """A runner factory whose children have the name of their node as an error text."""

    def __call__(self) -> Runner:
        return self._run

    def _run(self, job: ChildJob) -> ChildResult:
        metrics = {LATENCY: [1.0]} if job.measures else {}
        reward = None if job.measures else 0.5
        place = os.environ.get("PNAS_TEST_NODE", "elsewhere")
        return ChildResult(job.cell, job.seed, Status.OK, reward, metrics=metrics, error=place)


def places(address: str, measures: bool, measure_on: str | None) -> list[str]:
    """Return where each of four children was measured, or trained."""
    executor = RayExecutor(WhereAmI(), RaySpec(address=address, measure_on=measure_on, workers=2))
    cells = [Cell([(-1, f"{k}x{k} conv", -1, "identity")]) for k in (1, 3, 5, 7)]
    jobs = [ChildJob(cell, seed=0, measures=measures) for cell in cells]
    with closing(executor):
        return [str(result.error) for _, result in executor.run(jobs)]


def main() -> None:
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    cluster.add_node(num_cpus=1, env_vars={"PNAS_TEST_NODE": "desk"})
    cluster.add_node(num_cpus=1, resources={"phone": 1}, env_vars={"PNAS_TEST_NODE": "phone"})
    try:
        print(json.dumps(places(cluster.address, measures=True, measure_on="phone")))
        print(json.dumps(places(cluster.address, measures=False, measure_on="phone")))
        try:
            places(cluster.address, measures=True, measure_on="watch")
        except ValueError as error:
            print(json.dumps(str(error)))
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    sys.exit(main())
