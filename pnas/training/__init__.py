"""What a `task=train` is made of: training its members one after the other, and its end."""
