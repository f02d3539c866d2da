"""From a diagnosis to words that only say what was measured."""
