"""The page to try the models on: no build step, and nothing from elsewhere."""
