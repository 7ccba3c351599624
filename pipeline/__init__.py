"""Raw Korean text to models that somebody else can serve; the rooms are described in docs/design.md."""
