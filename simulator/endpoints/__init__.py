"""The paths of the cloud: who may call them, what they do, and what they answer."""
