"""Data into text for people and JSON for programs. Decides nothing, and reads no project."""
