-- wrk: an indexed page of 20: the newest of a random room.
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(args)
  math.randomseed(number * 7919)
end

function request()
  return wrk.format("GET", "/v1/documents/messages?filter=room%20%3D%3D%20%22r" .. math.random(0, 99) .. "%22&sort=-n&limit=20")
end

dofile("report.lua")
