"""What `task=export` writes: a trained model in several formats, and a description of it."""
