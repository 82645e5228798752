"""All sentences for people: why something is so, and what is so. Nothing but people reads them."""
