"""What a worker answers to a job: a result, or a mistake of the command itself."""

import traceback

from pnas.errors import PnasError
from pnas.records import ChildJob, ChildResult

Answer = ChildResult | PnasError


def failed_result(job: ChildJob, error: BaseException) -> ChildResult:
    """Return the result of a child whose runner raised ``error``."""
    line = f"{type(error).__name__}: {error}"
    log = "".join(traceback.format_exception(error))
    return ChildResult.failed(job, line, log=log)
