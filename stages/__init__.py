"""The example: which flights from New York arrive late? One module a stage; knows nothing of `pipe`."""
