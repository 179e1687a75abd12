#!/usr/bin/env bash
# Installs what is needed, builds everything with warnings as errors, and runs every test.
#
# usage: scripts/test.sh [--sanitize] [-- CTEST-OPTION...]
#   --sanitize  build with AddressSanitizer and UndefinedBehaviorSanitizer, in a folder of its own
#   --          the rest goes to ctest, to run a part: scripts/test.sh -- -L unit
#
# Builds in build-test/ (build-sanitize/ with --sanitize). Prints how long each part took.

set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

folder=build-test
options=(-DCMAKE_BUILD_TYPE=Release -DNIBBLE_TESTS=ON -DNIBBLE_BENCHMARKS=ON -DNIBBLE_WARNINGS_AS_ERRORS=ON)
ctest_options=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --sanitize)
      folder=build-sanitize
      options+=(-DCMAKE_BUILD_TYPE=RelWithDebInfo -DNIBBLE_SANITIZE=ON)
      ;;
    --)
      shift
      ctest_options=("$@")
      break
      ;;
    -h | --help) show_help; exit 0 ;;
    *) wrong_usage "unknown option '$1'" ;;
  esac
  shift
done

cd "$repository"
scripts/setup.sh
timed "configuring $folder/" configure "$folder" "${options[@]}"
timed "building $folder/" cmake --build "$folder" -j"$(nproc)"
timed "testing" ctest --test-dir "$folder" --output-on-failure --no-tests=error -j2 "${ctest_options[@]}"
say "all of it took $SECONDS s"
