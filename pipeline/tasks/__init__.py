"""One file a task; each puts the rooms together for one kind of text in and labels out."""
