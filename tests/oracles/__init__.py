"""Independent computations of what the product must find: they share no code with it."""
