"""A value <-> a file, the same bytes each time. Imports nothing heavy; knows no stage and no store."""
