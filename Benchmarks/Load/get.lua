-- wrk: point reads of random documents that bench_http.py loaded as d0 … d99999.
dofile("common.lua")

function request()
  return wrk.format("GET", "/v1/documents/messages/d" .. math.random(0, 99999))
end
