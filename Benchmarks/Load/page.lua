-- wrk: an indexed page of 20: the newest of a random room.
dofile("common.lua")

function request()
  return wrk.format("GET", "/v1/documents/messages?filter=room%20%3D%3D%20%22r" .. math.random(0, 99) .. "%22&sort=-n&limit=20")
end
