"""Carrying a plan out: one writer per site, read back, retry, report."""
