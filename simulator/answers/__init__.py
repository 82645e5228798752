"""What the cloud's answers are made of: documents, pages, refusals, and the answers of a script."""
