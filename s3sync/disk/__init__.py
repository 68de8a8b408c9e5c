"""The disk below all other rooms: durable writes, opening what others can write, and what an errno means."""
