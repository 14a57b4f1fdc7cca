#!/bin/sh
# All legs of the training side by side, on one GPU with 16 cores and 90 GB of room in FOLDER, which
# should be a tmpfs. Each leg waits for what it needs and compiles meanwhile. The renderers yield to
# the rest (nice): they slow compiling and the launching of kernels otherwise.
#     sh scripts/storybook/all.sh FOLDER
# The minutes of the legs can be set from outside: VAE=5 UNET=12 JUDGE=3 sh scripts/storybook/all.sh FOLDER
set -e
here=$(dirname "$0")
root=$1
mkdir -p "$root/scenes" "$root/held" "$root/run" "$root/log"
export PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True
export TORCHINDUCTOR_COMPILE_THREADS=${COMPILE_THREADS:-8} HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1
inputs="--scenes $root/scenes --out $root/run"

start() {  # NAME COMMAND… : in the background, with its log
    name=$1
    shift
    "$@" >"$root/log/$name" 2>&1 &
}

[ -e "$root/run/vae.json" ] ||
    start vae python3 "$here/train.py" vae $inputs --held-out "$root/held" --minutes "${VAE:-5}"
start unet python3 "$here/train.py" unet $inputs --minutes "${UNET:-12}"
start held nice -n 10 python3 "$here/train.py" render --out "$root/held" --held-out --square \
    --count 2048 --captions 2 --workers 3
start render nice -n 19 python3 "$here/train.py" render --out "$root/scenes" \
    --workers "${RENDERERS:-10}" --count "${SCENES:-200000}" --minutes "${RENDER:-12}"
start evaluate nice -n 3 python3 "$here/evaluate.py" --scenes "$root/scenes" \
    --held-out "$root/held" --run "$root/run" --out "$root/evaluation" \
    --after "$root/run/unet.json" --minutes "${JUDGE:-3.5}"
wait
