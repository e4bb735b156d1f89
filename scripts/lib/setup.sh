# Sourced by the scripts beside this folder: finds Python, makes .venv in the checkout, installs what a command needs.
# A second run only compares stamps. Nothing is installed with sudo without asking.

set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
venv="$root/.venv"
assume_yes="${VOICELOOP_YES:-}"

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 6; }

distribution() { (. /etc/os-release 2>/dev/null && printf '%s' "${ID:-unknown} ${ID_LIKE:-}") || printf unknown; }

python_hint() {
    case "$(distribution)" in
        *debian*|*ubuntu*) say "Install it with: sudo apt-get install python3 python3-venv" ;;
        *fedora*|*rhel*)   say "Install it with: sudo dnf install python3" ;;
        *arch*)            say "Install it with: sudo pacman -S python" ;;
        *)                 say "Install Python 3.11 to 3.14 from https://www.python.org/downloads/" ;;
    esac
}

find_python() {
    local name
    for name in "${VOICELOOP_PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14; do
        [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 || continue
        "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null || continue
        printf '%s' "$name"
        return
    done
    say "voiceloop needs Python 3.11 to 3.14 and found none."
    python_hint
    exit 6
}

# apt_packages "why" package...: installs those that are missing, asking first unless we may not or need not.
apt_packages() {
    local why="$1" missing=() package
    shift
    if ! command -v dpkg-query >/dev/null 2>&1; then
        say "Note: $why needs the equivalent of these Debian packages: $*"
        return 0
    fi
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ "${#missing[@]}" -eq 0 ] && return 0
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        if [ -n "$assume_yes" ] || [ "${CI:-}" = true ] || [ ! -t 0 ] || ! command -v sudo >/dev/null 2>&1; then
            say "Note: $why needs: sudo apt-get install ${missing[*]}"
            return 0
        fi
        local size
        size="$(apt-get install --print-uris -y --no-install-recommends "${missing[@]}" 2>/dev/null |
            awk '/^'"'"'/ {sum += $3} END {printf "%.1f MB", sum / 1e6}')"
        read -r -p "$why needs ${missing[*]} ($size to download). Install with sudo? [Y/n] " answer
        case "$answer" in [nN]*) say "Going on without."; return 0 ;; esac
        sudo=(sudo)
    fi
    say "Installing ${missing[*]} for $why ..."
    local quiet=(-qq -o=Dpkg::Use-Pty=0)
    if ! DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get "${quiet[@]}" install -y --no-install-recommends "${missing[@]}" >&2; then
        "${sudo[@]}" apt-get "${quiet[@]}" update >&2 || true
        DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get "${quiet[@]}" install -y --no-install-recommends "${missing[@]}" >&2 ||
            say "Note: could not install ${missing[*]}; $why may not work."
    fi
}

make_venv() {
    local python="$1"
    [ -x "$venv/bin/python" ] && "$venv/bin/python" -c '' 2>/dev/null && return 0
    say "Making a virtual environment in .venv with $("$python" --version) ..."
    if ! "$python" -m venv --clear "$venv" 2>/dev/null; then
        local version
        version="$("$python" -c 'import sys; print(f"{sys.version_info[0]}.{sys.version_info[1]}")')"
        apt_packages "a virtual environment" "python$version-venv"
        "$python" -m venv --clear "$venv" || fail "Could not make .venv: install python$version-venv and try again."
    fi
}

# install extras [download size]: pip install the checkout with these extras, once for each state of pyproject.toml.
install() {
    local extras="$1" size="$2" stamp wanted locked
    stamp="$venv/.installed-${extras//,/-}"
    locked=()
    # CI installs what was tested before; people get the newest that fit. The versions are those for one Python.
    [ "${CI:-}" = true ] && [ -f "$root/requirements/ci.txt" ] && locked=(-c "$root/requirements/ci.txt")
    wanted="$(cat "$root/pyproject.toml" ${locked[@]+"${locked[@]:1}"} | cksum) $root"
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return 0
    make_venv "$(find_python)"
    say "Installing voiceloop with the extras $extras (about $size to download the first time) ..."
    "$venv/bin/python" -m pip install --disable-pip-version-check -q --upgrade pip >&2 || true
    (cd "$root" && "$venv/bin/python" -m pip install --disable-pip-version-check -q --progress-bar on ${locked[@]+"${locked[@]}"} -e ".[$extras]" >&2) ||
        fail "Installing the Python packages failed; the lines above say why."
    printf '%s' "$wanted" >"$stamp"
}

# An environment that was moved or made for another checkout would run other code.
if [ -x "$venv/bin/python" ] && [ -f "$venv/bin/voiceloop" ] && ! head -1 "$venv/bin/voiceloop" | grep -qF "$venv/"; then
    if head -2 "$venv/bin/voiceloop" | grep -qF "$venv/"; then :; else rm -rf "$venv"; fi
fi
