#!/usr/bin/env bash
# Installs what nibble needs from Debian, and nothing that is there already.
#
# usage: scripts/setup.sh [--no-tests] [--mpi] [--no-training] [--browser] [--capture]
#   --no-tests  leave out what only the tests need, and MPI
#   --mpi       with --no-tests: MPI all the same, for mpirun nibble sweep
#   --no-training  leave out libtorch and data, which only nibble train needs
#   --browser   also install Chromium, which only tests/browser needs (they are skipped without)
#   --capture   also install PyTorch, which only scripts/capture_trace.py needs
#
# Runs as root or through sudo. The second time it finds everything in place, touches nothing and takes no network.

set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

build_packages=(build-essential cmake ninja-build pkg-config libsystemc-dev libboost-dev libfmt-dev libyaml-cpp-dev
  nlohmann-json3-dev libcli11-dev libsqlite3-dev libonnx-dev libxxhash-dev librandom123-dev)
test_packages=(libgtest-dev libgmock-dev libbenchmark-dev libopenblas-dev librapidcheck-dev python3 python3-pil)
mpi_packages=(libboost-mpi-dev libopenmpi-dev openmpi-bin)
training_packages=(libtorch-dev zlib1g-dev dataset-fashion-mnist)
browser_packages=(chromium)
capture_packages=(python3-torch python3-torchvision)

# missing PACKAGE...: those that are not installed, one a line.
missing() {
  local package status
  for package in "$@"; do
    # dpkg-query fails for a package that it has never heard of: that is missing too.
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $status == installed ]] || printf '%s\n' "$package"
  done
}

packages=("${build_packages[@]}")
tests=yes
mpi=no
training=yes
browser=no
capture=no
for argument in "$@"; do
  case $argument in
    --no-tests) tests=no ;;
    --mpi) mpi=yes ;;
    --no-training) training=no ;;
    --browser) browser=yes ;;
    --capture) capture=yes ;;
    -h | --help) show_help; exit 0 ;;
    *) wrong_usage "unknown option '$argument'" ;;
  esac
done
if [[ $tests == yes ]]; then packages+=("${test_packages[@]}"); fi
if [[ $tests == yes || $mpi == yes ]]; then packages+=("${mpi_packages[@]}"); fi
if [[ $training == yes ]]; then packages+=("${training_packages[@]}"); fi
if [[ $browser == yes ]]; then packages+=("${browser_packages[@]}"); fi
if [[ $capture == yes ]]; then packages+=("${capture_packages[@]}"); fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  fail "this installs Debian packages and finds no apt here; nibble needs: ${packages[*]}"
fi

mapfile -t needed < <(missing "${packages[@]}")
if [[ ${#needed[@]} -eq 0 ]]; then
  say "all ${#packages[@]} packages are installed"
  exit 0
fi
install_packages "${needed[@]}"
