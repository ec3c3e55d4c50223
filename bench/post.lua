-- SPDX-License-Identifier: MIT
-- post.lua - wrk.lua with a body of 1 KB.
wrk.method = "POST"
wrk.body = string.rep("x", 1024)
wrk.headers["Content-Type"] = "application/octet-stream"

function done(summary, latency, requests)
  local e = summary.errors
  local errors = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("requests %d seconds %.3f errors %d\n",
    summary.requests, summary.duration / 1e6, errors))
end
