"""Runs one action in a child process of its own, in a folder of its own. Knows no graph and no verdict."""
