#!/usr/bin/env bash
# Runs the tests that kill workers, programs and ranks at random times, fill disks and crash points, many times in a row, each
# time at other times: what must hold always must hold every time.
#
# usage: scripts/repeat_fault_tests.sh [TIMES] [FIRST] [FOLDER]
#   TIMES   how often (default: 50)
#   FIRST   the seed of the first run (default: 1); the next has the next
#   FOLDER  the build (default: build-test, as scripts/test.sh makes it)

set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

case ${1:-} in
  -h | --help) show_help; exit 0 ;;
  '' | [0-9]*) ;;
  *) wrong_usage "'$1' is no number" ;;
esac
times=${1:-50}
first=${2:-1}
folder=${3:-$repository/build-test}
[[ -x $folder/tests/app_test ]] || fail "no $folder/tests/app_test: run scripts/test.sh first"

for ((seed = first; seed < first + times; ++seed)); do
  NIBBLE_FAULT_SEED=$seed ctest --test-dir "$folder" -R '^app\.(Faults|FaultyPoint|RankFaults)\.' --output-on-failure --no-tests=error \
    >"$folder/fault_tests.log" 2>&1 || { cat "$folder/fault_tests.log"; fail "failed: NIBBLE_FAULT_SEED=$seed"; }
  say "seed $seed passed; $SECONDS s, $((seed - first + 1)) of $times runs"
done
