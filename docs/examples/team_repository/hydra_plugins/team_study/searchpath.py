"""Adds the team's configuration files to those of pnas."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin


class TeamStudySearchPath(SearchPathPlugin):
    """Found by Hydra because its module lies below ``hydra_plugins``."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        search_path.append(provider="team-study", path="pkg://team_study.conf")
