"""The exit status with which a worker ends by itself."""

STOPPED = 0
"""It was told to."""
REFUSED = 1
"""What is registered under its identity is another worker, or can not be read."""
REMOVED = 3
"""Its registered key was deleted, or taken over by another."""
