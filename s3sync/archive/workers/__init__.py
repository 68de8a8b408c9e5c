"""Tasks of archives, as a worker does them that may be another process or computer: plain data in, plain data out.

A task does the same however often it is done, and carries no secret. What it did is noted by whoever asked.
"""
