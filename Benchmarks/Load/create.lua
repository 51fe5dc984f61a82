-- wrk: durable creates with unique bodies.
dofile("common.lua")
local text = string.rep("lorem ipsum ", 12)

function request()
  n = n + 1
  local body = string.format('{"room":"r%d","n":%d,"author":"writer %d","title":"Created by the load %d-%d","text":"%s"}',
    math.random(0, 99), 1000000 + n, number, number, n, text)
  return wrk.format("POST", "/v1/documents/messages", { ["Content-Type"] = "application/json" }, body)
end
