-- SPDX-License-Identifier: MIT
-- wrk.lua - makes wrk end with the same line as bench/load.
-- Only done() is defined: wrk calls no Lua for a request or an answer.
function done(summary, latency, requests)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("requests %d seconds %.3f errors %d\n",
    summary.requests, summary.duration / 1e6, errors))
end
