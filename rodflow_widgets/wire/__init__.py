"""What kernel and page say to each other: messages, their bytes, and how fast they may go."""
