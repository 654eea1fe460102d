"""One module a command; `pnas.config.task_specs.TASK_SPECS` lists them with their settings."""
