"""The Enlighten cloud: sign-in, one request funnel, the battery's endpoints. Knows nothing of Home Assistant.

Use `EnlightenSession` (:mod:`.session`), `find_identity` (:mod:`.identity`) and `Battery` (:mod:`.battery`); what the
cloud says arrives as the frozen values of :mod:`.models`. Section numbers in docstrings are those of
docs/enlighten-api.md.
"""
