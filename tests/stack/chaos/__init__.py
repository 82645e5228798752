"""A storm in the real stack: random faults of every kind, random wishes, and afterwards the cloud as wished last.

`plan` draws it from a seed; `catalogue` names the faults, `faults` and `machines` inject them; `wishes` makes the
wishes, `diary` knows what has to stand in the end; `witness`, `applog` and `gauges` watch; `secrecy` searches all that
was put out.
"""
