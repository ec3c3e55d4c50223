# SPDX-License-Identifier: MIT
# table.awk - bench/run's results as a table of medians over the rounds.
#
# In:  kind round server requests seconds user_ns total_ns master_ns, with tabs between them.
# A ratio is taken within a round and only then its median: what slows a whole round cancels out.

BEGIN { FS = "\t" }

{
  key = $1 SUBSEP $3
  if (!(key in rounds)) {
    order[++lines] = key
    kind[key] = $1
    server[key] = $3
  }
  rounds[key]++
  rate[key, $2] = $4 / $5
  user[key, $2] = $6 / $4 / 1000
  cpu[key, $2] = $7 / $4 / 1000
  system_[key, $2] = ($7 - $6) / $4 / 1000
  busy[key, $2] = 100 * $7 / ($5 * 1e9)
  master[key, $2] = 100 * $8 / $7
  if ($3 == "epoll") {
    base_rate[$1, $2] = $4 / $5
    base_cpu[$1, $2] = $7 / $4 / 1000
  }
  rate_ratio[key, $2] = rate[key, $2] / base_rate[$1, $2]
  cpu_ratio[key, $2] = cpu[key, $2] / base_cpu[$1, $2]
}

END {
  for (i = 1; i <= lines; i++) {
    key = order[i]
    if (kind[key] != last_kind)
      head(kind[key])
    last_kind = kind[key]
    line(key)
  }
}

function head(name) {
  printf "%s%-8s %10s %7s | %6s %6s %6s %7s | %6s %7s\n", last_kind == "" ? "" : "\n", "",
    "requests", "ratio", "CPU us", "per", "req.", "ratio", "core", "master"
  printf "%-8s %10s %7s | %6s %6s %6s %7s | %6s %7s\n", name,
    "per second", "to bare", "user", "system", "total", "to bare", "busy", "CPU"
}

function line(key) {
  printf "%-8s %10.0f %7.2f | %6.2f %6.2f %6.2f %7.2f | %5.0f%% %7s\n", server[key],
    median(rate, key), median(rate_ratio, key), median(user, key), median(system_, key),
    median(cpu, key), median(cpu_ratio, key), median(busy, key),
    server[key] == "epoll" ? "-" : sprintf("%.2f%%", median(master, key))
}

# The order of rounds within a key is 1..n; sorted by insertion, for mawk has no asort().
function median(of, key,    n, i, j, value, sorted) {
  n = rounds[key]
  for (i = 1; i <= n; i++) {
    value = of[key, i]
    for (j = i - 1; j >= 1 && sorted[j] > value; j--)
      sorted[j + 1] = sorted[j]
    sorted[j + 1] = value
  }
  return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}
