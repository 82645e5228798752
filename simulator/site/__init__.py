"""A site with a battery: what the cloud stores of it, what its gateway was told, and the battery that follows."""
