"""The commands of ``mmskel``, one module per kind of command. Each imports what it needs when it is called."""
