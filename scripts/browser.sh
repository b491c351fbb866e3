#!/usr/bin/env bash
# Installs a Chromium by apt, if there is none and this user may. It is for tests alone, so it never fails.
set -uo pipefail

for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "note: no Chromium here, and this is not root on a system with apt: the tests in a browser are skipped" >&2
  exit 0
fi
install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -qq --no-install-recommends chromium || {
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium
  }
}
export -f install
if ! timeout 240 bash -c install >/dev/null 2>&1; then
  echo "note: apt could not install Chromium: the tests in a browser are skipped" >&2
fi
