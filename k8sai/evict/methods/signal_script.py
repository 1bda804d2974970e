"""The one script that finds a process in a container, looks whether it handles a signal, and only then sends it.

POSIX sh, busybox included; everything that differs comes as an argument. `SigCgt` of /proc/PID/status is a mask in hex
whose bit NUMBER-1 is set where a handler is (proc_pid_status(5)). A process without one would be killed.
"""

from typing import Final

# Linux' numbers, the same on x86 and Arm: those of the machine this runs on may be others.
NUMBERS: Final = {
    "HUP": 1,
    "INT": 2,
    "QUIT": 3,
    "TRAP": 5,
    "ABRT": 6,
    "USR1": 10,
    "USR2": 12,
    "ALRM": 14,
    "TERM": 15,
    "URG": 23,
    "XCPU": 24,
    "VTALRM": 26,
    "PROF": 27,
    "WINCH": 28,
    "IO": 29,
    "PWR": 30,
} | {f"RT{number}": number for number in range(34, 65)}

NAME: Final = "k8sai-signal"  # $0: processes with it on their command line are this script, and are passed over
SENT, NO_PROC, NOBODY, UNHANDLED, NOT_SENT = 0, 40, 41, 42, 43  # exit codes

# $1 check or send, $2 the signal's number, $3 an extended regular expression for the command line, "" for process 1.
# Prints `PID handled|unhandled|sent|failed COMMAND` for each process it is about.
SCRIPT: Final = r"""
word=$1 number=$2 pattern=$3
proc=${K8SAI_PROC:-/proc}
[ -r "$proc/1/status" ] || [ -n "$pattern" ] || { echo "there is no $proc/1/status"; exit 40; }
[ -d "$proc" ] || { echo "there is no $proc"; exit 40; }

field() {
  while read -r key value rest; do
    if [ "$key" = "$2:" ]; then echo "$value"; return; fi
  done 2>/dev/null < "$1/status"
}

handled() {
  mask=$(field "$1" SigCgt)
  [ -n "$mask" ] || return 1
  left=$((number - 1))
  while [ "$left" -ge 4 ]; do mask=${mask%?}; left=$((left - 4)); done
  digit=${mask#"${mask%?}"}
  [ $(( (0x${digit:-0} >> left) & 1 )) -eq 1 ]
}

wanted() {
  command=$(tr '\0\n' '  ' 2>/dev/null < "$1/cmdline")
  case $command in *k8sai-signal*|"") return 1;; esac
  [ -z "$pattern" ] || printf '%s\n' "$command" | grep -Eq -e "$pattern"
}

found="" bare=0
if [ -n "$pattern" ]; then set -- "$proc"/[0-9]*; else set -- "$proc/1"; fi
for place in "$@"; do
  wanted "$place" || continue
  pid=$(field "$place" Pid)
  case " $found " in *" $pid "*) continue;; esac
  [ -n "$pid" ] || continue
  found="$found $pid"
  if handled "$place"; then
    [ "$word" = send ] || printf '%s\n' "$pid handled $command"
  else
    printf '%s\n' "$pid unhandled $command"
    bare=1
  fi
done
[ -n "$found" ] || { echo "no process fits"; exit 41; }
[ "$bare" -eq 0 ] || exit 42
[ "$word" = send ] || exit 0
code=0
for pid in $found; do
  if kill -"$number" "$pid" 2>/dev/null; then echo "$pid sent"; else echo "$pid failed"; code=43; fi
done
exit "$code"
"""


def argv(word: str, signal: str, pattern: str) -> tuple[str, ...]:
    """How it is run; `word` is `check` or `send`, `pattern` an extended regular expression or "" for process 1."""
    return ("sh", "-c", SCRIPT, NAME, word, str(NUMBERS[signal]), pattern)
