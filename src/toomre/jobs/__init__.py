"""One file a command: the Python function of the same name, which puts the packages together."""
