"""How well a movement was done: network, features, backends, calibrated intervals."""
