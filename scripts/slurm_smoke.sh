#!/usr/bin/env bash
# Run sweeps on a real Slurm of one node, which this script brings up on this machine and takes down again.
#
#     scripts/slurm_smoke.sh
#
# A sweep of four runs must finish; then one of two, whose jobs are interrupted in both of Slurm's ways: by the signal
# before a time limit, and by a job of a partition that goes first; then one is interrupted itself, and a job of its
# is cancelled. It needs Debian's slurm-wlm and munge, and installs
# them where it may. Nothing but these packages outlives it: configuration, keys, ports and folders are its own.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly TINY=(
  data.source.sizes.train=64 data.source.sizes.val=32 data.source.sizes.test=48 data.batch_size=32 width=8
)
# So small that any machine has it, and without the tracker: Slurm is what is tried.
readonly SLURM=(
  launcher=slurm logger=none hydra.launcher.cpus_per_task=1 hydra.launcher.mem_gb=1 hydra.launcher.timeout_min=20
)
readonly KILL_WAIT=20 # seconds from Slurm's SIGTERM to its SIGKILL; 30 is what clusters have
work=""
daemons=() # in the order of their start
sweep=""   # the process of one that runs in the background
step="looking for Slurm"

say() { printf '%s  %s\n' "$(date +%H:%M:%S)" "$*"; }

give_up() {
  printf 'slurm_smoke: %s\n' "$*" >&2
  exit 1
}

# within SECONDS WHAT COMMAND...: wait until a command succeeds.
within() {
  local seconds=$1 what=$2
  shift 2
  for ((i = 0; i < seconds * 5; i++)); do
    if "$@"; then return 0; fi
    sleep 0.2
  done
  give_up "$what must happen within $seconds s; see what Slurm logged, above"
}

has_no_jobs() { [[ -z $(squeue --noheader 2>&1) ]]; }

take_down() {
  local code=$?
  trap - EXIT
  trap '' INT TERM
  set +e
  if [[ $code -ne 0 && -n $work ]]; then
    printf '\nfailed while %s\n' "$step" >&2
    tail -n 20 "$work"/log/slurm* "$work"/outputs/*/.submitit/*/*.err >&2
  fi
  if [[ -n $sweep ]]; then kill -KILL "$sweep" 2>/dev/null; fi
  if ((${#daemons[@]} > 2)); then
    scancel --user="$(id -un)"
    for ((i = 0; i < (KILL_WAIT + 10) * 5; i++)); do
      if has_no_jobs; then break; fi
      sleep 0.2
    done
  fi
  for ((i = ${#daemons[@]} - 1; i >= 0; i--)); do kill "${daemons[i]}"; done
  wait
  if [[ -n $work ]]; then rm -rf "$work"; fi
  say "Slurm is down, exit code $code"
  exit "$code"
}

install_slurm() {
  # Debian keeps the daemons where only root's PATH looks.
  export PATH="$PATH:/usr/sbin:/sbin"
  local missing=()
  for program in munged mungekey slurmctld slurmd sbatch srun; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  if ((${#missing[@]} == 0)); then return; fi
  if ! command -v apt-get >/dev/null; then
    give_up "${missing[*]} must be installed; this script can do that on Debian and Ubuntu only"
  fi
  if [[ $(id -u) -ne 0 ]]; then
    give_up "${missing[*]} must be installed; run: sudo apt-get install slurm-wlm munge"
  fi
  say "installing slurm-wlm and munge"
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends slurm-wlm munge >/dev/null ||
    give_up "slurm-wlm and munge must be installable; run: apt-get update"
}

free_port() { uv run --no-sync python -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'; }

# start NAME COMMAND...: in the background, its output in a log of that name.
start() {
  local name=$1
  shift
  "$@" >"$work/log/$name" 2>&1 &
  daemons+=("$!")
}

bring_up() {
  local node memory_mb
  node=$(hostname -s)
  memory_mb=$(awk '/MemTotal/ { print int($2 / 1024) }' /proc/meminfo)
  work=$(mktemp -d)
  chmod 755 "$work" # munge wants its socket where everybody could reach it
  mkdir "$work"/{log,state,spool,munge,outputs}
  fuselab=$(uv run --no-sync which fuselab)

  mungekey --create --keyfile="$work/munge/key"
  start munged munged --foreground --num-threads=2 --key-file="$work/munge/key" --socket="$work/munge/socket" \
    --pid-file="$work/munge/pid" --seed-file="$work/munge/seed"
  within 10 "munge's start" munge_answers

  export SLURM_CONF="$work/slurm.conf"
  # Without systemd and cgroups, so that it also runs in a container. A requeued job waits for cred_expire, 5 s at
  # least. Jobs of `urgent` put jobs of `main` back into the queue.
  cat >"$SLURM_CONF" <<CONF
ClusterName=smoke
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
CommunicationParameters=NoInAddrAny
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$work/munge/socket,cred_expire=5
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=bf_interval=1,sched_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=$KILL_WAIT
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory_mb
PartitionName=main Nodes=ALL Default=YES PriorityTier=1
PartitionName=urgent Nodes=ALL PriorityTier=2 PreemptMode=OFF
CONF
  start slurmctld slurmctld -D
  start slurmd slurmd -D
  within 20 "Slurm's start" node_is_idle
  say "$(slurmctld -V) is up: $(sinfo --noheader --format='%P on %N with %c CPUs' | paste -sd, -)"
}

munge_answers() { munge --socket="$work/munge/socket" --no-input >/dev/null 2>&1; }

node_is_idle() { [[ $(sinfo --noheader --format=%t 2>/dev/null | sort -u) == idle ]]; }

# train OVERRIDE...: in the background, as $sweep.
train() {
  "$fuselab" train -m "${SLURM[@]}" "${TINY[@]}" output_dir="$work/outputs" "$@" &
  sweep=$!
}

# ends_well NAME COUNT: the sweep in the background, with a result for each of its runs.
ends_well() {
  local found
  wait "$sweep" || give_up "the sweep ($1) must end well; it ended with exit code $?"
  sweep=""
  found=$(compgen -G "$work/outputs/$1/*/result.json" | wc -l)
  say "$1: $found of $2 runs have a result"
  [[ $found -eq $2 ]] || give_up "the sweep ($1) must end with $2 results"
}

# restarts JOB: of an array, such as 5_0.
restarts() { scontrol --oneliner show job "$1" | grep -o 'Restarts=[0-9]*' | cut -d= -f2; }
was_requeued() { [[ $(restarts "$1") -gt $2 ]]; }

# told RUN KEY: a number of its status.
told() { grep -o "\"$2\": [0-9]*" "$1/status.json" | cut -d' ' -f2; }
is_past_epoch() { [[ -e $1/status.json ]] && (($(told "$1" epoch) > $2)); }
goes_on_past_epoch() { (($(told "$1" attempts) > $3)) && is_past_epoch "$1" "$2"; }

first_running() { squeue --noheader --states=running --name=fuselab-interrupted --sort=i --format=%i | head -n 1; }
has_started() { [[ -n $(first_running) ]]; }

four_runs() {
  step="running a sweep of four"
  say "$step"
  train name=four trainer.max_epochs=1 fusion=early/concat,late/mean seed=0,1
  ends_well four 4
}

# survives JOB RUN HOW COMMAND...: interrupt a job; Slurm must put it back, and its run go on behind its last epoch.
survives() {
  local job=$1 run=$2 how=$3 epoch attempts count
  shift 3
  epoch=$(told "$run" epoch) attempts=$(told "$run" attempts) count=$(restarts "$job")
  say "job $job at epoch $epoch: $how"
  "$@"
  within $((KILL_WAIT + 20)) "job $job's way back into the queue" was_requeued "$job" "$count"
  say "job $job is back in the queue (restarts: $(restarts "$job"))"
  within $((KILL_WAIT + 60)) "the run's next epochs" goes_on_past_epoch "$run" $((epoch + 20)) "$attempts"
  say "job $job runs again, at epoch $(told "$run" epoch)"
}

interrupted_runs() {
  local job run
  step="interrupting a sweep of two"
  say "$step"
  train name=interrupted trainer.max_epochs=400 monitor.patience=1000 fusion=early/concat seed=0,1
  within 60 "a run's start" compgen -G "$work/outputs/interrupted/*-s0-*/status.json" >/dev/null
  run=$(compgen -G "$work/outputs/interrupted/*-s0-*")
  within 60 "a run's first epochs" is_past_epoch "$run" 5
  job=$(squeue --noheader --states=running --name=fuselab-interrupted --format=%i | sort | head -n 1)
  survives "$job" "$run" "SIGUSR2, as before a time limit" scancel --signal=USR2 "$job"
  survives "$job" "$run" "a job of a partition that goes first takes the node" \
    sbatch --quiet --partition=urgent --exclusive --output=/dev/null --wrap="sleep 1"
  ends_well interrupted 2
  uv run --no-sync python - "$run" <<'PYTHON'
import csv, json, pathlib, sys

run = pathlib.Path(sys.argv[1])
epochs = [int(row["epoch"]) for row in csv.DictReader((run / "metrics.csv").open())]
resumed = json.loads((run / "result.json").read_text())["resumed_at"]
print(f"the run went on at epochs {resumed} and has {len(epochs)} epochs")
sys.exit(0 if len(resumed) == 2 and 0 not in resumed and epochs == list(range(400)) else "each epoch must be there once")
PYTHON
}

cancelled_runs() {
  local job run attempts
  step="cancelling a job, then the sweep"
  say "$step"
  train name=cancelled trainer.max_epochs=4000 monitor.patience=10000 fusion=early/concat seed=0,1,2
  within 60 "a run's start" compgen -G "$work/outputs/cancelled/*-s0-*/status.json" >/dev/null
  run=$(compgen -G "$work/outputs/cancelled/*-s0-*")
  within 60 "a run's first epochs" is_past_epoch "$run" 5
  job=$(squeue --noheader --states=running --name=fuselab-cancelled --format=%i | sort | head -n 1)
  attempts=$(told "$run" attempts)
  say "job $job at epoch $(told "$run" epoch): interrupting the sweep"
  kill -INT "$sweep"
  wait "$sweep" && give_up "an interrupted sweep must say so with its exit code"
  sweep=""
  within 10 "an empty queue" has_no_jobs
  say "the queue is empty, the runs: $(grep -ho '"state": "[a-z]*"' "$work"/outputs/cancelled/*/status.json | paste -sd' ')"
  train name=cancelled trainer.max_epochs=4000 monitor.patience=10000 fusion=early/concat seed=0
  within 60 "the run's next epochs" goes_on_past_epoch "$run" 5 "$attempts"
  attempts=$(told "$run" attempts)
  job=$(squeue --noheader --states=running --name=fuselab-cancelled --format=%i)
  say "job $job at epoch $(told "$run" epoch): cancelling it alone"
  scancel "$job"
  within $((KILL_WAIT + 60)) "the run's way back by the sweep" goes_on_past_epoch "$run" 5 "$attempts"
  say "the sweep launched it again, as job $(squeue --noheader --states=running --name=fuselab-cancelled --format=%i)"
  kill -INT "$sweep"
  wait "$sweep" && give_up "an interrupted sweep must say so with its exit code"
  sweep=""
  within 10 "an empty queue" has_no_jobs
}

trap take_down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
install_slurm
step="bringing Slurm up"
bring_up
four_runs
interrupted_runs
cancelled_runs
say "all well"
