"""Configuration files; `experiment=team_study` is one of them."""
