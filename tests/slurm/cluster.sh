#!/usr/bin/env bash
# A SLURM of one node on this machine, for tests: `cluster.sh start FOLDER`, `cluster.sh stop FOLDER`.
#
# Needs Debian's packages slurmctld, slurmd, slurm-client and munge, and root, as which munge's key and the node's daemon
# want to run. No cgroups and no accounting: a container has neither, and the controller remembers jobs for a day.
# Job steps are started without the variable that names the configuration, so that it has to lie where SLURM looks.
set -euo pipefail
what=$1
folder=$2
export SLURM_CONF=$folder/slurm.conf
where_slurm_looks=/etc/slurm/slurm.conf

stop() {
  for daemon in slurmd slurmctld munged; do
    if [ -s "$folder/$daemon.pid" ]; then kill "$(cat "$folder/$daemon.pid")" 2>/dev/null || true; fi
  done
  if [ "$(readlink "$where_slurm_looks")" = "$SLURM_CONF" ]; then rm "$where_slurm_looks"; fi
}

configure() {
  local host
  host=$(hostname -s)
  cat >"$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MinJobAge=86400
ReturnToService=2
SlurmctldTimeout=300
SlurmdTimeout=300
MessageTimeout=60
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
}

start() {
  if [ -e "$where_slurm_looks" ]; then
    echo "$where_slurm_looks is there: this machine belongs to a cluster" >&2
    exit 1
  fi
  mkdir -p "$folder/state" "$folder/spool" "$(dirname "$where_slurm_looks")"
  configure
  ln -sf "$SLURM_CONF" "$where_slurm_looks"
  dd if=/dev/urandom of="$folder/munge.key" bs=128 count=1 status=none
  chmod 400 "$folder/munge.key"
  munged --socket="$folder/munge.socket" --key-file="$folder/munge.key" --pid-file="$folder/munged.pid" \
    --log-file="$folder/munged.log" --seed-file="$folder/munge.seed" --force
  slurmctld -f "$SLURM_CONF"
  slurmd -f "$SLURM_CONF"
  for _ in $(seq 120); do
    if sinfo --noheader --format=%T 2>/dev/null | grep -qx idle; then return; fi
    sleep 0.5
  done
  tail -n 20 "$folder"/*.log >&2
  stop
  exit 1
}

"$what"
