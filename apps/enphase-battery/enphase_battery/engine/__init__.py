"""Turns inputs into wishes and results, and builds the snapshot of all that is so."""
