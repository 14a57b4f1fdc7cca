#!/bin/bash
# sbatch docs/cluster/slurm.sh prompts.jsonl /shared/book: a Ray cluster for one batch, on four nodes.
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=16
#SBATCH --time=04:00:00
set -euo pipefail
export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
RAY_AUTH_TOKEN=$(openssl rand -hex 32)  # known to this job alone
export RAY_AUTH_TOKEN
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
address=$head:6379
srun --nodes=1 --ntasks=1 --overlap -w "$head" \
    ray start --head --port=6379 --include-dashboard=false --block &
until ray status --address "$address" >/dev/null 2>&1; do sleep 2; done
srun --nodes=$((SLURM_NNODES - 1)) --ntasks=$((SLURM_NNODES - 1)) --overlap -x "$head" \
    ray start --address "$address" --block &
srun --nodes=1 --ntasks=1 --overlap -w "$head" \
    sdgen batch "$1" --ray "$address" -o "$2" --workers $((SLURM_NNODES * 4))
