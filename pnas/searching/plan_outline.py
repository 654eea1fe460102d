"""``plan_only=true`` of searches that are no plain beam, or train nothing: children and budget, printed."""

from pnas.config import Settings
from pnas.runs.command_context import Context
from pnas.state_space import SlotSpace


def print_outline(settings: Settings, context: Context, space: SlotSpace) -> None:
    """Print what is known of the search before it runs."""
    spec = settings.search
    lines = [
        f"search: {spec.kind}, {space.num_cells(space.B):,} unique cells with {space.B} blocks",
        *spec.outline(space, settings.controller.K),
    ]
    lines.append(f"budget: {spec.budget or 'none; it ends with its last stage'}")
    if settings.trainer.table is not None:
        lines.append(f"rewards: from {settings.trainer.table}; nothing is trained")
    for line in lines:
        context.console.print(line, markup=False, highlight=False, soft_wrap=True)
