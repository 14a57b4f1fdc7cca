#!/bin/sh
# The few-step LoRA of the built-in model from its own files, and its measurement beside the model's 20
# steps: about 12 minutes of one GPU with 16 cores and 20 GB of room in FOLDER, which should be a tmpfs.
#     sh scripts/storybook/turbo.sh FOLDER
# Distilling has the GPU and the cores to itself until it has compiled; then the renders for the judge
# begin. A second rank is distilled while the judge learns. Minutes can be set from outside:
#     RANKS=3 TURBO=6 JUDGE=3 sh scripts/storybook/turbo.sh FOLDER
# and, to try it small, MODEL, PLAN, DEVICE, PROMPTS, MINIMUM, SCENES, HELD and EXTRA (options of turbo.py).
set -e
here=$(dirname "$0")
model=${MODEL:-$here/../../sdgen/models/storybook}
root=$1
ranks=${RANKS:-3 16}
device=${DEVICE:-cuda}
mkdir -p "$root/scenes" "$root/held" "$root/run" "$root/turbo" "$root/evaluation" "$root/log"
export PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True
export TORCHINDUCTOR_COMPILE_THREADS=${COMPILE_THREADS:-12} HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1

start() {  # NAME COMMAND… : in the background, with its log
    name=$1
    shift
    "$@" >"$root/log/$name" 2>&1 &
}

distil() {  # all ranks, one after the other
    minutes=${TURBO:-5.5}
    for rank in $ranks; do
        # $EXTRA has several words.
        # shellcheck disable=SC2086
        python3 "$here/turbo.py" --out "$root/turbo/rank$rank.safetensors" --rank "$rank" \
            --minutes "$minutes" --model "$model" --device "$device" ${EXTRA:-}
        touch "$root/turbo/rank$rank.done"
        minutes=${MORE:-3.5}
    done
}

until_there() {  # FILE : wait for it as long as the distilling goes on
    while [ ! -e "$1" ] && kill -0 "$distilling" 2>/dev/null; do sleep 1; done
    [ -e "$1" ]
}

measure() {  # NAME OPTIONS… : the tables and the sheet of one way of drawing
    name=$1
    shift
    python3 "$here/evaluate.py" --scenes "$root/scenes" --held-out "$root/held" --run "$root/run" \
        --judge "$root/judge.pt" --minutes "${JUDGE:-3}" --prompts "${PROMPTS:-1000}" \
        --minimum "${MINIMUM:-6000}" --tokenizer "$model/tokenizer" --plan "${PLAN:-full}" \
        --device "$device" --out "$root/evaluation/$name" "$@" \
        >"$root/log/$name" 2>&1
    echo "measured $name"
}

[ -e "$root/run/vae.json" ] || python3 "$here/export.py" --back "$model" "$root/run"
start turbo distil
distilling=$!
for _ in $(seq "${COMPILE:-150}"); do
    kill -0 "$distilling" 2>/dev/null || [ -e "$root/turbo/rank${ranks%% *}.done" ] || exit 1
    grep -q "^compiled\|^turbo" "$root/log/turbo" || [ "$device" = cpu ] || sleep 1
done
start held nice -n 10 python3 "$here/train.py" render --out "$root/held" --held-out --square \
    --count "${HELD:-2048}" --captions 2 --workers 3
start render nice -n 19 python3 "$here/train.py" render --out "$root/scenes" --square --captions 2 \
    --workers "${RENDERERS:-10}" --count "${SCENES:-60000}" --minutes "${RENDER:-9}"

until_there "$root/turbo/rank${ranks%% *}.done"
measure full
few="--steps 4 --guidance 1 --scheduler ddim_trailing"
measure undistilled $few
for rank in $ranks; do
    until_there "$root/turbo/rank$rank.done"
    measure "rank$rank" $few --lora "$root/turbo/rank$rank.safetensors"
done
touch "$root/done"
wait
