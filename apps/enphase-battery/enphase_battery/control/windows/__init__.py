"""Whose time it is: weekly windows by the clock."""
