# shellcheck shell=bash
# What the scripts here share. Sourced, not run.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '== %s\n' "$*"; }

fail() {
  printf '%s: error: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# wrong_usage TEXT: the command line is wrong; exit code 2, as of the program itself.
wrong_usage() {
  printf '%s: error: %s (see --help)\n' "$(basename "$0")" "$*" >&2
  exit 2
}

# show_help: prints the comment at the top of the script that was run.
show_help() { sed -n '2,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"; }

# timed TITLE COMMAND...: runs a step, says what it is and how long it took.
timed() {
  local title=$1 begin=$SECONDS
  shift
  say "$title"
  "$@"
  say "$title: done in $((SECONDS - begin)) s"
}

# configure FOLDER CMAKE-OPTION...: CMake with Ninja, and with ccache where it is installed.
configure() {
  local folder=$1
  shift
  local launcher=()
  if command -v ccache >/dev/null; then
    launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  cmake -S "$repository" -B "$folder" -G Ninja "${launcher[@]}" "$@"
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "installing packages needs root: run this as root, or install sudo"
  fi
}

# install_packages PACKAGE...: Debian's, with a refreshed list.
install_packages() {
  timed "refreshing the package lists" as_root apt-get update -qq
  timed "installing $*" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}
