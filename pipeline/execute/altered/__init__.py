"""What a process is told by the kernel, altered on purpose: clocks, file times, listings. Knows no stage."""
