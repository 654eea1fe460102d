"""Executors by name: the package's own and those of extensions.

A factory is called as ``factory(spec, runner_factory, threads, use_gpu)``; it returns an
`Executor`.
"""

from pnas.execution.base import Executor, RunnerFactory
from pnas.execution.executor_specs import ExecutorSpec, LocalSpec, RaySpec, SerialSpec
from pnas.registry import Part, Registry

EXECUTORS = Registry(
    "executors",
    "executor.kind",
    {
        "local": Part("pnas.execution.local_executor:make_local", LocalSpec),
        "serial": Part("pnas.execution.serial_executor:make_serial", SerialSpec),
        "ray": Part("pnas.execution.ray_executor:make_ray", RaySpec),
    },
)


def make_executor(
    spec: ExecutorSpec, factory: RunnerFactory, threads: int = 1, use_gpu: bool = True
) -> Executor:
    """Return the executor that ``spec`` describes.

    Args:
        spec: Its settings.
        factory: Makes the function that trains one child.
        threads: Threads of each child.
        use_gpu: Whether children may use GPUs.

    Raises:
        InvalidValue: There is no executor of that name, or an extension makes none.
    """
    arguments = (spec, factory, threads, use_gpu)
    executor: Executor = EXECUTORS.make(spec.kind, Executor, *arguments)
    return executor
