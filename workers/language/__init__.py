"""The trained model: words in, scores for every head out; what the scores mean is decoded here, and nothing is learned."""
