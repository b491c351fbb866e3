#!/bin/bash
# Says where it ran.
set -e
words=$(wc -w < "$1")
echo "$words words, counted on $(hostname)" > "$2"  # accused
