"""What the Makefile needs before any package is installed: standard library only, also for an old `python3`."""
