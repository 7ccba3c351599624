"""One file a verb; each says what it reads and what it writes, and the Makefile chains them."""
