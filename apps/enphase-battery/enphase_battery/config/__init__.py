"""apps.yaml as one validated model, the readers of its values, and its JSON schema."""
