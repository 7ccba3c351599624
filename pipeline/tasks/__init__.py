"""One folder a task; each puts the rooms together for one kind of input and output."""
