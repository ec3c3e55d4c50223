# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034,SC2154 # backquotes of Markdown; names of balance and common.sh
# balance_shares.sh - which worker gets how many of so many connections, and of how many that stay
# open: the second part of bench/balance, which sources it and whose functions it calls.

readonly CONNECTIONS=20000 ADDRESSES=10000 AT_ONCE=16
readonly KEPT=10000 FEW_KEPT=400 # connections that stay open
readonly ALLOWED_POINTS=2 ALLOWED_FULLEST=1.05

# Leaves WORKER lines and the counts of what went wrong in load.out.
census() { # CONNECTIONS close|keep
  local words
  generate "$bin/shares" 127.0.0.1 "$port" "$1" "$ADDRESSES" "$AT_ONCE" "$2"
  read -ra words < <(tail -n 1 "$work/load.out")
  [[ ${words[0]:-} == moved ]] || fail "$server: the count failed: $(<"$work/load.err")"
  moved=${words[1]}
  ((words[3] + words[5] == 0)) ||
    fail "$server: ${words[3]} connections failed, ${words[5]} were closed: $(<"$work/load.err")"
}

# By slot, or for a canary by who is new and who is not: "seen seen ..." and how far off the worst.
shares_seen() { # "ASKED ASKED..." [PIDS-OF-OLD-WORKERS]
  awk -v asked="$1" -v old="${2:-}" '
    BEGIN {
      n = split(asked, want, " ")
      m = split(old, pids, " ")
      for (i = 1; i <= m; i++) is_old[pids[i]]
    }
    $1 == "worker" { count[m ? ($3 in is_old) + 1 : $2 + 1] += $4; all += $4 }
    END {
      for (i = 1; i <= n; i++) {
        seen = 100 * count[i] / all
        off = seen > want[i] ? seen - want[i] : want[i] - seen
        if (off > worst) worst = off
        printf "%s%.2f", (i > 1 ? " : " : ""), seen
      }
      printf "\t%.2f\n", worst
    }' "$work/load.out"
}

share_row() { # NAME "ASKED ASKED..." MAY-MOVE [PIDS-OF-OLD-WORKERS]
  local seen off
  IFS=$'\t' read -r seen off < <(shares_seen "$2" "${4:-}")
  printf '| %s | %s | %s | %s | %s |\n' "$1" "${2// / : }" "$seen" "$off" \
    "$([[ $3 == yes ]] && echo – || echo "$moved")" >>"$work/share_rows"
  if is_above "$off" "$ALLOWED_POINTS"; then
    miss "$1: asked ${2// / : }, seen $seen"
  fi
  if [[ $3 == no && $moved != 0 ]]; then
    miss "$1: $moved connections came to another slot than one before from their address"
  fi
}

count_share() { # NAME WORKERS SERVICE-KEYS "ASKED..." MAY-MOVE
  write_portico_conf "$2" "$who" "$3" ''
  is_known "$1" || return 0
  start_server "shares" "$2"
  census "$CONNECTIONS" close
  share_row "$1" "$4" "$5"
  stop_server
}

canary_answers() { # PIDS-OF-OLD-WORKERS
  census 200 close
  [[ $(shares_seen '0 0' "$1") != 0.00\ * ]]
}

# The reload may wait for its canary: it is left waiting, and the server is ended under it.
count_canary() {
  local old reload
  write_portico_conf "$WORKERS" "$who" '' 'canary = 10% 60s'
  is_known 'canary = 10% 60s' || return 0
  start_server 'canary' "$WORKERS"
  old=${children[*]}
  "$PORTICO" reload -c "$work/portico.ini" >"$work/reload.out" 2>&1 &
  reload=$!
  wait_until canary_answers "$old" || fail "canary: no new worker answers: $(<"$work/reload.out")"
  census "$CONNECTIONS" close
  share_row '`canary = 10%`, new : old' '10 90' yes "$old"
  stop_server
  end_process "$reload" || say "the reload did not end with its server and was killed"
  wait "$reload" 2>/dev/null
}

kept_row() { # BALANCE CONNECTIONS
  local held fullest
  IFS=$'\t' read -r held fullest < <(awk -v workers="$WORKERS" '
    $1 == "worker" { count[$2] += $4; all += $4 }
    END {
      for (i = 0; i < workers; i++) {
        if (count[i] > most) most = count[i]
        printf "%s%d", (i ? ", " : ""), count[i]
      }
      printf "\t%.3f\n", most * workers / all
    }' "$work/load.out")
  printf '| `%s` | %s | %s | %s |\n' "$1" "$2" "$held" "$fullest" >>"$work/kept_rows"
  if [[ $1 == load && $2 == "$KEPT" ]] && is_above "$fullest" "$ALLOWED_FULLEST"; then
    miss "load: the fullest worker holds $fullest times the mean"
  fi
}

count_kept() { # BALANCE CONNECTIONS
  write_portico_conf "$WORKERS" "$who" "$(keys_of "$1")" ''
  is_known "balance = $1" || return 0
  start_server "$1" "$WORKERS"
  census "$2" keep
  note_status
  kept_row "$1" "$2"
  stop_server
}

shares_table() {
  printf '%d connections in bursts of %d, from %d addresses in turn:\n\n' "$CONNECTIONS" \
    "$AT_ONCE" "$ADDRESSES"
  echo '| | asked, % | seen, % | off by at most, points | came to another slot than before |'
  echo '| --- | --- | --- | --- | --- |'
  cat "$work/share_rows"
  printf '\nConnections that stay open, %d workers:\n\n' "$WORKERS"
  echo '| balance | connections | each worker holds | fullest / mean |'
  echo '| --- | --- | --- | --- |'
  cat "$work/kept_rows"
}

measure_shares() {
  local count
  who=$root/build/tests/plugins/who.so
  say 'shares'
  count_share '`hash`' 4 '' '25 25 25 25' yes
  count_share '`weights 3,1`' 2 'balance = weights 3,1' '75 25' yes
  count_share '`source`' 4 'balance = source' '25 25 25 25' no
  count_canary
  for count in "$FEW_KEPT" "$KEPT"; do
    count_kept hash "$count"
    count_kept load "$count"
  done
  server_log=''
  shares_table >"$work/shares.md"
  cat "$work/shares.md"
}
