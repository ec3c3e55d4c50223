# SPDX-License-Identifier: MIT
# json.awk - bench/run's results as JSON. Takes -v method=TEXT and -v date=TEXT.

BEGIN {
  FS = "\t"
  printf "{\"method\": \"%s\",\n \"date\": \"%s\",\n \"rounds\": [", method, date
}

{
  printf("%s\n  {\"kind\": \"%s\", \"round\": %d, \"server\": \"%s\", ", NR > 1 ? "," : "", $1, $2, $3)
  printf("\"requests\": %.0f, \"seconds\": %s, ", $4, $5)
  printf("\"user_ns\": %.0f, \"system_ns\": %.0f, ", $6, $7 - $6)
  printf("\"total_ns\": %.0f, \"master_ns\": %.0f}", $7, $8)
}

END { print "\n ]}" }
