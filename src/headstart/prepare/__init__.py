"""A sound start: weights, data, normalisation."""
