"""What ``mmskel`` can do, a module per kind of command. Each imports what it needs when it is called."""
