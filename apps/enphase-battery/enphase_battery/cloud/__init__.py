"""What the rules see of the cloud: its terms translated both ways, what it offers, what is remembered of it."""
