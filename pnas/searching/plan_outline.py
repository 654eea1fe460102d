"""``plan_only=true`` of searches that are no plain beam, or train nothing: children and budget, printed."""

from pnas.config import Settings
from pnas.runs.command_context import Context
from pnas.state_space import SlotSpace


def print_outline(settings: Settings, context: Context, space: SlotSpace) -> None:
    """Print what is known of the search before it runs."""
    spec = settings.search
    lines = [
        f"search: {spec.kind}, {space.num_cells(space.B):,} unique cells with {space.B} blocks",
        *_stages(settings, space),
    ]
    lines.append(f"budget: {spec.budget or 'none; it ends with its last stage'}")
    if settings.trainer.table is not None:
        lines.append(f"rewards: from {settings.trainer.table}; nothing is trained")
    for line in lines:
        context.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _stages(settings: Settings, space: SlotSpace) -> list[str]:
    spec = settings.search
    if not spec.is_progressive:
        first = spec.population if spec.kind == "evolution" else spec.batch
        return [f"stage 1: {first:,} random cells; each later stage: {spec.batch:,} children"]
    lines = []
    children = 0
    for b in range(1, space.B + 1):
        cells = space.num_cells(b)
        candidates = space.num_candidates(children, b) if b > 1 else cells
        K = settings.controller.K
        wanted = spec.first if b == 1 else None if K is None else K + spec.probe
        children = min(cells if wanted is None else wanted, cells, candidates)
        lines.append(f"stage {b}: {children:,} children at most")
    if spec.refine:
        lines.append(f"each later stage: {spec.refine:,} children of {space.B} blocks")
    return lines
