#!/usr/bin/env bash
# Runs benchmarks/device_check.py on a GPU machine without network, from a working tree:
#   bash benchmarks/device_check.sh --wheels wheels --out hardware.json
# Python ($PYTHON, default python3) has a CUDA build of torch there, or the wheels hold one.
# --wheels DIR: wheels of what else is missing (gsplat, which brings its CUDA sources, av,
# soundfile, ...), as `python -m benchmarks.device_check` needs them. They are installed into a
# folder of their own, without dependencies; every other option goes to the Python part.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-python3}"
wheels="" rest=()
while [ $# -gt 0 ]; do
  case "$1" in
    --wheels) wheels="${2:?--wheels needs a folder}"; shift 2 ;;
    *) rest+=("$1"); shift ;;
  esac
done
scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
if [ -n "$wheels" ]; then
  "$PYTHON" -m pip install --quiet --no-index --no-deps --no-compile --target "$scratch/site" \
    "$wheels"/*.whl
  export PYTHONPATH="$scratch/site${PYTHONPATH:+:$PYTHONPATH}"
fi
export HARNESS_CACHE="${HARNESS_CACHE:-$scratch/cache}" OMP_WAIT_POLICY=passive
# gsplat compiles itself at its first use: for this GPU alone, on all cores.
export MAX_JOBS="${MAX_JOBS:-$(nproc)}"
if [ -z "${TORCH_CUDA_ARCH_LIST:-}" ] && command -v nvidia-smi >/dev/null; then
  TORCH_CUDA_ARCH_LIST="$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader | head -n 1)"
  export TORCH_CUDA_ARCH_LIST
fi
"$PYTHON" -m benchmarks.device_check ${rest[@]+"${rest[@]}"}
