#!/bin/sh
# All legs of the training at once, on one GPU with 16 cores and 90 GB of memory: each waits for
# what it needs and compiles meanwhile.   sh scripts/storybook/all.sh FOLDER
# The minutes of each leg, and the renderers, can be set from outside.
set -e
here=$(dirname "$0")
root=$1
mkdir -p "$root/scenes" "$root/held" "$root/run" "$root/log"
export PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True
export TORCHINDUCTOR_COMPILE_THREADS=${COMPILE_THREADS:-4} HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1
inputs="--scenes $root/scenes --out $root/run"

start() {  # NAME COMMAND… : in the background, with its log
    name=$1
    shift
    "$@" >"$root/log/$name" 2>&1 &
}

start vae python3 "$here/train.py" vae $inputs --held-out "$root/held" --minutes "${VAE:-5}"
start held nice -n 5 python3 "$here/train.py" render --out "$root/held" --held-out --square \
    --count 2048 --captions 2 --workers 3
start render nice -n 10 python3 "$here/train.py" render --out "$root/scenes" \
    --workers "${RENDERERS:-14}" --count "${SCENES:-280000}" --minutes "${RENDER:-16}"
start unet python3 "$here/train.py" unet $inputs --minutes "${UNET:-12.5}"
start decoder python3 "$here/train.py" decoder $inputs --held-out "$root/held" \
    --minutes "${DECODER:-1.8}" --after "$root/run/unet.json"
wait
python3 "$here/evaluate.py" --scenes "$root/scenes" --held-out "$root/held" --run "$root/run" \
    --out "$root/evaluation" >"$root/log/evaluate" 2>&1
