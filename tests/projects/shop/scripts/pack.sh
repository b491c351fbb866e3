# Packs the report.
printf '%s\n' "${SHOP_REGION-none}" > "$2"
wc -c < "$1" >> "$2"
