"""``plan_only=true`` of searches that are no plain beam, or train nothing: stages and budget."""

from pnas.config import Settings
from pnas.runs.command_context import Context
from pnas.searching.tabular_search import is_tabular
from pnas.state_space import SlotSpace
from pnas.system.console import print_line


def print_outline(settings: Settings, context: Context, space: SlotSpace) -> None:
    """Print what is known of the search before it runs.

    Args:
        settings: Settings of the command.
        context: The command around the task.
        space: State space that is searched.
    """
    spec = settings.search
    cells = space.num_cells(space.B)
    lines = [f"search: {spec.kind}, {cells:,} unique cells with {space.B} blocks"]
    lines += spec.outline(space, settings.controller.K)
    lines.append(f"budget: {spec.budget or 'none; it ends with its last stage'}")
    if is_tabular(settings):
        lines.append(f"rewards: from {settings.trainer.table}; nothing is trained")
    for line in lines:
        print_line(context.console, line)
