"""People: words in, words and an exit code out. One file a command."""
