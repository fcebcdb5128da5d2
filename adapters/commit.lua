-- One commit of one task: compare-and-set on its owner and its marks, then all writes or none.
-- KEYS  state (hash), marks, owner
-- ARGV  owner, "1" when marks are expected else "0", expected marks, new marks, number of fields to set,
--       then field and value of each, then the fields to delete
if redis.call('GET', KEYS[3]) ~= ARGV[1] then
  return 'FENCED'
end
local marks = redis.call('GET', KEYS[2])
local expected = ARGV[2] == '1' and ARGV[3]  -- false, as GET answers for a key that is absent
if marks ~= expected then
  if marks == ARGV[4] then
    return 'DONE'
  end
  return 'GAP'
end
-- In pieces: `unpack` puts its values on Lua's stack, which holds some 8,000.
local function each(command, first, last)
  for from = first, last, 1000 do
    redis.call(command, KEYS[1], unpack(ARGV, from, math.min(from + 999, last)))
  end
end
local last_value = 5 + 2 * tonumber(ARGV[5])
each('HSET', 6, last_value)
each('HDEL', last_value + 1, #ARGV)
redis.call('SET', KEYS[2], ARGV[4])
return 'OK'
