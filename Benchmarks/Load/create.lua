-- wrk: durable creates with unique bodies.
local text = string.rep("lorem ipsum ", 12)
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  math.randomseed(number * 7919)
  n = 0
end

function request()
  n = n + 1
  local body = string.format('{"room":"r%d","n":%d,"author":"writer %d","title":"Created by the load %d-%d","text":"%s"}',
    math.random(0, 99), 1000000 + n, number, number, n, text)
  return wrk.format("POST", "/v1/documents/messages", { ["Content-Type"] = "application/json" }, body)
end

dofile("report.lua")
