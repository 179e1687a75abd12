#!/usr/bin/env bash
# From a fresh Debian 12 to the first result: installs what is needed, builds build/nibble, simulates one training step
# of ResNet-50 in FP32, FP16, HFP8 and FP4, and compares them.
#
# usage: scripts/quickstart.sh [--no-run]
#   --no-run  stop after the build
#
# Run it again at any time: what is installed and built already stays.

set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run=yes
for argument in "$@"; do
  case $argument in
    --no-run) run=no ;;
    -h | --help) show_help; exit 0 ;;
    *) wrong_usage "unknown option '$argument'" ;;
  esac
done

cd "$repository"
scripts/setup.sh --no-tests
timed "configuring build/" \
  configure build -DCMAKE_BUILD_TYPE=Release -DNIBBLE_TESTS=OFF -DNIBBLE_BENCHMARKS=OFF
timed "building build/nibble" cmake --build build -j"$(nproc)"
if [[ $run == no ]]; then
  say "built; now run: build/nibble --help"
  exit 0
fi
command=(build/nibble compare --network resnet50 --batch 64
  --runs 'fp32@rapid-fp32,fp16@rapid,hfp8@rapid,fp4@rapid-fp4')
say "running: ${command[*]}"
"${command[@]}"
