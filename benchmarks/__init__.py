"""Speed, as ratios to a named peer in the same run: machines are noisy, ratios hold."""
