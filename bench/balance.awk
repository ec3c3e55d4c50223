# SPDX-License-Identifier: MIT
# balance.awk - bench/balance's rounds as a table of medians.
#
# In:  BALANCE ROUND and then pairs of NAME VALUE: answered p50 p90 p99 p999 max blocking lost late.
# A ratio to hash is taken within a round and only then its median. The one of load goes to the file
# named by -v ratio=FILE as well.

{
  if (!($1 in rounds))
    order[++lines] = $1
  rounds[$1]++
  for (i = 3; i < NF; i += 2)
    value[$i, $1, $2] = $(i + 1)
}

END {
  print "| | short requests | p50 ms | p90 ms | p99 ms | p99.9 ms | worst ms |" \
    " p99: hash's / this | blocking requests | lost |"
  print "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"
  for (l = 1; l <= lines; l++)
    line(order[l])
}

function line(who,    against) {
  against = "–"
  if ("hash" in rounds) {
    against = sprintf("%.1f", ratio_to_hash(who))
    if (who == "load")
      print against >ratio
  }
  printf "| %s | %d | %.2f | %.2f | **%.2f** | %.1f | %.1f | %s | %d | %d |\n", title(who),
    sum("answered", who), median("p50", who), median("p90", who), median("p99", who),
    median("p999", who), most("max", who), against, sum("blocking", who), sum("lost", who)
}

function title(who) {
  if (who == "nginx")
    return "nginx, `reuseport`"
  return who == "weights" ? "`weights 1,1,1,1`" : "`" who "`"
}

function sum(name, who,    r, all) {
  for (r = 1; r <= rounds[who]; r++)
    all += value[name, who, r]
  return all
}

function most(name, who,    r, found) {
  for (r = 1; r <= rounds[who]; r++)
    if (value[name, who, r] > found)
      found = value[name, who, r]
  return found
}

function ratio_to_hash(who,    r) {
  for (r = 1; r <= rounds[who]; r++)
    value["ratio", who, r] = value["p99", "hash", r] / value["p99", who, r]
  return median("ratio", who)
}

# Sorted by insertion, for mawk has no asort().
function median(name, who,    n, i, j, next_one, sorted) {
  n = rounds[who]
  for (i = 1; i <= n; i++) {
    next_one = value[name, who, i]
    for (j = i - 1; j >= 1 && sorted[j] > next_one; j--)
      sorted[j + 1] = sorted[j]
    sorted[j + 1] = next_one
  }
  return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}
