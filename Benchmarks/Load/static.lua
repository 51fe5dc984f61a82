-- wrk: the same answer again and again, made in Lua like the others so that the load costs the same.
dofile("common.lua")

function request()
  return wrk.format("GET", wrk.path)
end
