"""The HTTP server: exported models over TensorFlow Serving's REST protocol."""
