"""Raw Korean text to models that somebody else can serve; docs/design.md describes the rooms."""
