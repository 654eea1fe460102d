"""What a search has besides its loop: checks, wiring, observers, its end, and its plan on paper."""
