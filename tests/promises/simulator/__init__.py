"""Two or three users at work, simulated: random stories from a seed, and after each step the promises as invariants.

One seed is one story: what is done, in which order, which store call fails and where a process dies follow from it.
Not exact are what only names things (ids, the kernel's times of the store's files) and nothing decides by.
`scripts/simulate` runs it; `story.py` is where to begin reading.
"""
