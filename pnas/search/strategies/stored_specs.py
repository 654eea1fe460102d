"""Settings of searches that earlier versions have stored."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from pnas.search.strategies.growing_specs import ProgressiveRandomSpec, ProgressiveSpec
from pnas.search.strategies.refined_spec import RefinedSpec
from pnas.search.strategies.sampling_specs import EvolutionSpec, RandomSpec
from pnas.search.strategies.search_spec import SearchSpec

SPECS: tuple[type[SearchSpec], ...] = (
    ProgressiveSpec,
    RefinedSpec,
    RandomSpec,
    ProgressiveRandomSpec,
    EvolutionSpec,
)
"""The specifications of the package's own strategies."""


def migrate_search(values: Mapping[str, Any]) -> dict[str, Any]:
    """Bring the settings of a stored search to the keys of this version.

    Earlier versions stored the keys of all strategies together, and knew a refined search as
    ``kind: progressive`` with ``refine`` above 0. Keys that no version knew are kept, to be
    refused by name.
    """
    migrated = dict(values)
    kind = str(migrated.get("kind", "progressive"))
    if kind == "progressive" and migrated.get("refine"):
        kind = "refined"
    migrated["kind"] = kind
    # Earlier versions trained no cell again.
    migrated.setdefault("confirm", 0.0)

    keys_by_kind = {}
    for spec in SPECS:
        keys_by_kind[spec.kind] = {each.name for each in fields(spec)}
    if kind not in keys_by_kind:
        return migrated

    known_to_any = set().union(*keys_by_kind.values())
    superfluous = known_to_any - keys_by_kind[kind]
    return {key: value for key, value in migrated.items() if key not in superfluous}
