"""Run directories as commands name, open and continue them, and the command around a task."""
