"""The commands of `sport`, by theme: each module registers its parsers; heavy imports wait until a command runs."""
