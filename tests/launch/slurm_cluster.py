"""A real Slurm on loopback, from the distribution's packages: a controller and two nodes of two CPUs each.

It needs `slurmctld slurmd slurm-client munge`, and touches nothing outside its folder. Everything that it starts ends
with the block, by its number.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")
_PATIENCE_SECONDS = 30
CONFIG = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/controller.log
SlurmdLogFile={folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
MaxArraySize=11
MinJobAge=300
KillWait=2
ReturnToService=2
SlurmdParameters=config_overrides
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2 RealMemory=1000 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=normal Nodes=ALL Default=YES MaxTime=INFINITE PriorityTier=1 State=UP
PartitionName=urgent Nodes=ALL MaxTime=INFINITE PriorityTier=10 PreemptMode=OFF State=UP
"""


def is_installed() -> bool:
    """Tell whether there is all that a cluster needs."""
    return all(shutil.which(program) or Path("/usr/sbin", program).exists() for program in PROGRAMS)


@contextlib.contextmanager
def run_cluster(folder: Path) -> Iterator[Path]:
    """Lend the configuration file of a cluster that runs while the block does."""
    for name in ("state", "spool/n1", "spool/n2", "key", "munge"):
        (folder / name).mkdir(parents=True)
    (folder / "munge").chmod(0o711)
    (folder / "key").chmod(0o700)
    key = folder / "key" / "munge.key"
    key.write_bytes(secrets.token_bytes(1024))
    key.chmod(0o400)
    config = folder / "slurm.conf"
    user = os.environ.get("USER") or subprocess.check_output(["id", "-un"], text=True).strip()
    known = {"host": socket.gethostname().partition(".")[0], "user": user, "folder": folder, "ports": _find_ports(3)}
    config.write_text(CONFIG.format(**known), encoding="utf-8")
    munge = [f"--socket={folder}/munge/socket", f"--key-file={key}", f"--log-file={folder}/key/log"]
    munge += [f"--pid-file={folder}/key/pid", f"--seed-file={folder}/key/seed", "--foreground", "--force"]
    with contextlib.ExitStack() as stack:
        stack.enter_context(_run("munged", *munge))
        _wait_for((folder / "munge" / "socket").exists, folder)
        stack.enter_context(_run("slurmctld", "-D", "-f", str(config)))
        for node in ("n1", "n2"):
            stack.enter_context(_run("slurmd", "-D", "-f", str(config), "-N", node))
        _wait_for(lambda: _count_idle(config) == 2, folder)
        yield config


def _find_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def _run(program: str, *words: str) -> Iterator[None]:
    """Run a daemon in the foreground of a session of its own, and end it with the block."""
    path = shutil.which(program) or f"/usr/sbin/{program}"
    daemon = subprocess.Popen(
        [path, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        daemon.terminate()
        try:
            daemon.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()


def _count_idle(config: Path) -> int:
    words = ["sinfo", "--noheader", "--Node", "--partition=normal", "--format=%t"]
    done = subprocess.run(
        words, env=os.environ | {"SLURM_CONF": str(config)}, capture_output=True, text=True, check=False
    )
    return done.stdout.split().count("idle")


def _wait_for(condition: Callable[[], object], folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            logs = "\n".join(path.read_text(errors="replace")[-2000:] for path in folder.glob("*.log"))
            raise TimeoutError(f"Slurm did not come up:\n{logs}")
        time.sleep(0.1)
