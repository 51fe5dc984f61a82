-- wrk: point reads of random documents that scripts/bench loaded as d0 … d99999.
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  math.randomseed(number * 7919)
end

function request()
  return wrk.format("GET", "/v1/documents/messages/d" .. math.random(0, 99999))
end

dofile("report.lua")
