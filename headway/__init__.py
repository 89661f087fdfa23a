"""From how long people can wait to the cheapest AWS architecture for ML inference, and its monthly bill."""
