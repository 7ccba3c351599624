"""The web page to try the models on: no build step, no resources from elsewhere."""
