"""What is going on now: the gap-free change feed, the live stream, jobs, what waits for whom, and the sandbox clock."""
