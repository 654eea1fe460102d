"""The key that every error about a table names."""

KEY = "trainer.table"
