# Sourced by the scripts beside it: `environment [EXTRA]` makes .venv in the checkout, from pyproject.toml pinned by
# constraints.txt, and costs nothing when it is there already. Needs Python >= 3.11 and a package registry.
# shellcheck shell=bash

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
tools=$root/.tools
unset PYTHONHOME PYTHONPATH
export PIP_USER=0 UV_PYTHON_DOWNLOADS=never

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

find_python() {
  local name
  for name in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14 python; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      "$name" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  die "需要 Python 3.11 或更高版本（可用环境变量 PYTHON 指定）。 Python 3.11 or newer is needed (PYTHON may name it)."
}

# The uv on the PATH, else one of our own; empty when neither is to be had, and pip does the work.
find_uv() {
  local uv
  uv=$(command -v uv) || uv=$tools/uv/bin/uv
  if ! "$uv" --version >/dev/null 2>&1; then
    uv=$tools/uv/bin/uv
    { "$python" -m venv --clear "$tools/uv" && "$tools/uv/bin/python" -m pip install -qq uv; } >&2 || return 0
  fi
  printf '%s\n' "$uv"
}

install() {
  local extra=$1 uv what
  what="$root${extra:+[$extra]}"
  "$venv/bin/python" -c '' 2>/dev/null && [ "$(head -n 1 "$venv/.made" 2>/dev/null)" = "$root" ] || rm -rf -- "$venv"
  uv=$(find_uv)
  if [ -n "$uv" ]; then
    [ -w "${HOME:-/nonexistent}" ] || export UV_CACHE_DIR=$tools/cache
    { [ -d "$venv" ] || "$uv" venv --quiet --python "$python" "$venv"; } &&
      "$uv" pip install -qq --python "$venv/bin/python" --constraints "$root/constraints.txt" --editable "$what" &&
      return
    say "uv 未能安装，改用 pip。 uv could not install; trying pip."
  fi
  "$python" -m venv "$venv" &&
    "$venv/bin/python" -m pip install -qq --constraint "$root/constraints.txt" --editable "$what" ||
    die "安装失败，原因见上。 The installation failed; what is written above says why."
}

environment() {
  local extra=${1:-} wanted
  wanted=$(cat -- "$root/pyproject.toml" "$root/constraints.txt" | cksum)
  is_made "$wanted" "$extra" && return
  python=$(find_python) || exit 1
  mkdir -p -- "$tools" || die "无法写入 $root。 $root is not writable."
  # Two at once: the lock belongs to descriptor 9, which this shell keeps open after the helper has ended.
  exec 9>"$tools/lock"
  "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
  if ! is_made "$wanted" "$extra"; then
    say "准备运行环境 Making the environment in $venv …"
    install "$extra"
    printf '%s\n' "$root" "$wanted" "$extra" >"$venv/.made"
  fi
  exec 9>&-
}

# Made here (a copied environment still points to its first place), from these pins, with what is asked for.
is_made() {
  local place pins extra
  { read -r place && read -r pins && read -r extra; } 2>/dev/null <"$venv/.made" || [ -n "${pins:-}" ] || return 1
  [ "$place" = "$root" ] && [ "$pins" = "$1" ] && { [ -z "$2" ] || [ "${extra:-}" = "$2" ]; }
}
