"""The stages, one file each. A stage says what it reads and writes; the Makefile runs one after the
other."""
