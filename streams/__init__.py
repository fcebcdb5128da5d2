"""What happens to an event: the three processors, their parts, and the ports through which the world reaches them.

The one rule of this room: the same snapshot and the same records in the same order give the same outcome and the same
next snapshot, however they are cut into batches. So nothing here may read a clock, a socket, a file or a dice.
"""
