"""What the rules see of the cloud: mapping both ways, what it offers, what was learnt of this site."""
