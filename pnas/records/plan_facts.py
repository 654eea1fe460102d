"""Facts of a journal that follow from the plan of a search: void as soon as it is planned again."""

FINALISTS = "finalists"
"""What a confirmation was begun with (`pnas.search.confirmation`)."""

CONFIRMATION_STOPPED_BY = "confirmation_stopped_by"
"""The budget that ended a confirmation early; null if none."""

SEARCH_ENDED_BY = "search_ended_by"
"""The budget that ended the search before its confirmation, where it has one in seconds."""

WINNER = "winner"
"""The winner of a search as summary.json shows it; null before its end."""

OPTIMISM = "optimism"
"""How much the highest reward is expected to be too high."""

FACTS_OF_PLAN = (FINALISTS, CONFIRMATION_STOPPED_BY, SEARCH_ENDED_BY, WINNER, OPTIMISM)
"""Names, in the journal, of all of them."""
