"""The one account of the simulated cloud."""

EMAIL = "owner@example.com"
PASSWORD = "correct horse battery"  # noqa: S105 - the simulated account's, known to every demo and test
USER_ID = 2718281
GATEWAY_SERIAL = "122300000001"
"""The serial number of the site's gateway."""

SITE_ID = 3141592
"""The site with the battery. With several sites on the account the others are numbered on from it."""
