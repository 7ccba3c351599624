"""What docs/results.md was measured with. Each prints one table; run them on an idle machine."""
